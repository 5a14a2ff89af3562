package io.meltemi.proxy.cluster;

import io.meltemi.common.net.Locality;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes a host for every address that clients wanted to reach ({@code ORIGINAL_DST}). Hosts without
 * connections are forgotten at each {@link #sweep}; their number is bounded.
 */
final class OriginalDstHosts implements LoadBalancer {
  private static final int HOSTS_MAX = 65_536;
  private static final Host.Placement PLACEMENT =
      new Host.Placement(0, Locality.UNKNOWN, 1, HealthStatus.UNKNOWN);
  private final ConcurrentHashMap<SocketAddress, Host> hosts = new ConcurrentHashMap<>();
  private final int portOverride;

  OriginalDstHosts(int portOverride) {
    this.portOverride = portOverride;
  }

  List<Host> all() {
    return List.copyOf(hosts.values());
  }

  @Override
  public @Nullable Host choose(LbContext context) {
    SocketAddress wanted = context.originalDestination();
    if (!(wanted instanceof InetSocketAddress inet)) {
      return null;
    }
    if (portOverride != 0 && inet.getPort() != portOverride) {
      wanted = new InetSocketAddress(inet.getAddress(), portOverride);
    }
    Host known = hosts.get(wanted);
    if (known != null) {
      return known;
    }
    if (hosts.size() >= HOSTS_MAX) {
      return null;
    }
    return hosts.computeIfAbsent(wanted, address -> new Host(address, "", PLACEMENT));
  }

  /** Forgets hosts that nothing uses. */
  void sweep() {
    for (Host host : hosts.values()) {
      if (host.get(HostStat.CX_ACTIVE) == 0 && host.get(HostStat.RQ_ACTIVE) == 0) {
        hosts.remove(host.address(), host);
        host.remove();
      }
    }
  }

  void close() {
    hosts.values().forEach(Host::remove);
    hosts.clear();
  }
}
