package io.meltemi.proxy.listener;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.loop.Loops;
import io.meltemi.proxy.loop.Workers;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.telemetry.AccessLog;
import io.meltemi.proxy.telemetry.Stats;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Listeners on real loopback sockets. */
public final class ListenerFixture implements AutoCloseable {
  private final Workers workers;
  private final Stats stats = new Stats();
  private final ListenerManager manager;

  public ListenerFixture(Workers workers, long drainNanos) {
    this.workers = workers;
    this.manager =
        new ListenerManager(
            workers,
            new Loops(Ticker.system(), 1),
            stats,
            new ListenerSettings(drainNanos, Long.MAX_VALUE));
  }

  public ListenerManager manager() {
    return manager;
  }

  public Stats stats() {
    return stats;
  }

  public Workers workers() {
    return workers;
  }

  /** A chain that matches everything; its name is its fingerprint. */
  static FilterChain chain(String name, NetworkFilterConfig filter) {
    return new FilterChain(name, FilterChainMatch.ANY, List.of(filter), Metadata.EMPTY, name);
  }

  static Listener listener(
      String name, InetSocketAddress address, Listener.Peeking peeking, List<FilterChain> chains) {
    return listener(name, address, peeking, chains, _ -> {});
  }

  static Listener listener(
      String name,
      InetSocketAddress address,
      Listener.Peeking peeking,
      List<FilterChain> chains,
      AccessLog log) {
    try {
      return new Listener(
          name,
          new Listener.Binding(List.of(address), true, true, 16),
          new Listener.Chains(
              chains, Optional.empty(), new FilterChainMatcher(chains, Optional.empty())),
          peeking,
          new Listener.Options("test", 64 * 1024, Listener.Direction.UNSPECIFIED, Metadata.EMPTY),
          log,
          name + address + chains + peeking);
    } catch (FilterChainMatcher.AmbiguousException e) {
      throw new IllegalArgumentException(e);
    }
  }

  static final Listener.Peeking NO_PEEKING = new Listener.Peeking(List.of(), 0, false, false);

  /** Any port of the loopback address. */
  public static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  /** Puts one chain of one filter in force and tells where. */
  public InetSocketAddress serve(NetworkFilterConfig filter) {
    Map<String, String> failures =
        manager.update(
            List.of(listener("l", anyPort(), NO_PEEKING, List.of(chain("c", filter)))), List.of());
    if (!failures.isEmpty()) {
      throw new IllegalStateException(failures.toString());
    }
    return manager.listeners().getFirst().bound().getFirst();
  }

  public static Socket connect(InetSocketAddress address) throws IOException {
    Socket socket = new Socket(address.getAddress(), address.getPort());
    socket.setSoTimeout(20_000);
    return socket;
  }

  @Override
  public void close() {
    manager.close();
    workers.close();
  }
}
