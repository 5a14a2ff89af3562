package io.meltemi.embedded.address;

import io.meltemi.common.net.HostPort;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Gives each pod an address of its own out of {@code 127.1.0.0/16} with the very ports it wants,
 * where the system lets every loopback address be bound (Linux); elsewhere {@code 127.0.0.1} with
 * ports of its own. Also gives ports to applications. Not thread-safe.
 */
public final class PodAddresses {
  /** The one loopback address that every system has. */
  public static final String LOOPBACK = "127.0.0.1";

  private static final int PODS_MAX = 250 * 250;

  /** Below the ports that systems hand out for outgoing connections. */
  static final int PORT_FIRST = 20_000;

  private static final int PORT_LAST = 29_999;

  /**
   * Where a pod is.
   *
   * @param ip its address
   * @param ports wanted port to the address to bind for it
   */
  public record PodAddress(String ip, Map<Integer, HostPort> ports) {
    public PodAddress {
      ports = Map.copyOf(ports);
    }

    /** The address for a wanted port. */
    public HostPort at(int wanted) {
      HostPort address = ports.get(wanted);
      if (address == null) {
        throw new IllegalArgumentException("port: " + wanted + " (expected: one that was wanted)");
      }
      return address;
    }
  }

  private final PortProbe probe;
  private final boolean distinct;
  private final Set<String> ips = new HashSet<>();
  private final Set<Integer> ports = new HashSet<>();
  private int nextIp;
  private int nextPort = PORT_FIRST;

  public PodAddresses(PortProbe probe) {
    this.probe = probe;
    distinct = probe.isFree("127.1.0.1", 0);
  }

  /**
   * An address with the ports.
   *
   * @throws IllegalStateException when nothing is free
   */
  public PodAddress allocate(List<Integer> wanted) {
    return distinct ? allocateDistinct(wanted) : allocateShared(wanted);
  }

  /** Gives an address back. */
  public void release(PodAddress address) {
    ips.remove(address.ip());
    address.ports().values().forEach(port -> ports.remove(port.port()));
  }

  /**
   * A free port of 127.0.0.1.
   *
   * @throws IllegalStateException when none is free
   */
  public int allocatePort() {
    for (int tries = 0; tries <= PORT_LAST - PORT_FIRST; tries++) {
      int port = nextPort;
      nextPort = nextPort == PORT_LAST ? PORT_FIRST : nextPort + 1;
      if (!ports.contains(port) && probe.isFree(LOOPBACK, port)) {
        ports.add(port);
        return port;
      }
    }
    throw new IllegalStateException(
        "no free port on %s from %d to %d".formatted(LOOPBACK, PORT_FIRST, PORT_LAST));
  }

  /** Keeps a port of 127.0.0.1 from being given: somebody will listen there. */
  public void reservePort(int port) {
    ports.add(port);
  }

  public void releasePort(int port) {
    ports.remove(port);
  }

  /** True when pods have addresses of their own. */
  public boolean isDistinct() {
    return distinct;
  }

  private PodAddress allocateDistinct(List<Integer> wanted) {
    for (int tries = 0; tries < PODS_MAX; tries++) {
      int number = nextIp++ % PODS_MAX;
      String ip = "127.1." + number / 250 + "." + (2 + number % 250);
      if (!ips.contains(ip) && wanted.stream().allMatch(port -> probe.isFree(ip, port))) {
        ips.add(ip);
        Map<Integer, HostPort> addresses = new TreeMap<>();
        wanted.forEach(port -> addresses.put(port, new HostPort(ip, port)));
        return new PodAddress(ip, addresses);
      }
    }
    throw new IllegalStateException("no address in 127.1.0.0/16 has the ports " + wanted + " free");
  }

  private PodAddress allocateShared(List<Integer> wanted) {
    Map<Integer, HostPort> addresses = new TreeMap<>();
    wanted.forEach(port -> addresses.put(port, new HostPort(LOOPBACK, allocatePort())));
    return new PodAddress(LOOPBACK, addresses);
  }
}
