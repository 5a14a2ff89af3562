package io.meltemi.proxy.listener;

import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.netty.channel.Channel;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * A listener in force: its configuration of the moment and its connections. The configuration is
 * swapped under accepting sockets; event loops read it once per connection.
 */
final class ActiveListener {
  private final ListenerSettings settings;
  private final ListenerStats stats;
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
  private final AtomicLong open = new AtomicLong();
  private volatile State state;

  /**
   * @param chains fingerprints of the chains in force
   * @param draining whether every connection is to end
   */
  private record State(Listener listener, Set<String> chains, boolean draining) {}

  private record Connection(DownstreamConnection downstream, String chain, long startNanos) {}

  ActiveListener(Listener listener, ListenerSettings settings, ListenerStats stats) {
    this.settings = settings;
    this.stats = stats;
    this.state = new State(listener, fingerprints(listener), false);
  }

  private static Set<String> fingerprints(Listener listener) {
    Set<String> fingerprints = new HashSet<>();
    listener.chains().all().forEach(chain -> fingerprints.add(chain.fingerprint()));
    return Set.copyOf(fingerprints);
  }

  Listener listener() {
    return state.listener;
  }

  ListenerStats stats() {
    return stats;
  }

  int connectionCount() {
    return connections.size();
  }

  /** Takes the place of one connection; false when there are too many. */
  boolean tryOpen() {
    if (open.incrementAndGet() > settings.connectionsMax()) {
      open.decrementAndGet();
      return false;
    }
    return true;
  }

  /** Gives back what {@link #tryOpen} took. */
  void opened() {
    open.decrementAndGet();
  }

  /**
   * Puts another configuration in force. Connections of chains that are no longer in it, or differ,
   * begin to drain; the others stay as they are.
   */
  void swap(Listener listener) {
    Set<String> chains = fingerprints(listener);
    state = new State(listener, chains, false);
    drain(connection -> !chains.contains(connection.chain));
  }

  /** Ends every connection as soon as that breaks nothing, at the latest after the drain time. */
  void drainAll() {
    state = new State(state.listener, Set.of(), true);
    drain(_ -> true);
  }

  private void drain(Predicate<Connection> which) {
    for (Connection connection : connections) {
      if (which.test(connection)) {
        drain(connection.downstream);
      }
    }
  }

  private void drain(DownstreamConnection connection) {
    Channel channel = connection.channel();
    channel
        .eventLoop()
        .execute(
            () -> {
              if (connection.isDraining()) {
                return;
              }
              var deadline =
                  channel
                      .eventLoop()
                      .schedule(
                          () -> {
                            channel.close();
                          },
                          settings.drainNanos(),
                          TimeUnit.NANOSECONDS);
              channel.closeFuture().addListener(_ -> deadline.cancel(false));
              connection.drain();
            });
  }

  /** Keeps a connection until it closes, and begins to drain it when its chain has gone already. */
  void track(DownstreamConnection downstream, FilterChain chain) {
    Connection connection =
        new Connection(downstream, chain.fingerprint(), downstream.loop().nanos());
    connections.add(connection);
    stats.cxTotal.inc();
    stats.cxActive.inc();
    downstream.channel().closeFuture().addListener(_ -> closed(connection));
    if (!state.chains.contains(connection.chain)) {
      drain(downstream);
    }
  }

  private void closed(Connection connection) {
    connections.remove(connection);
    stats.cxActive.dec();
    stats.cxDestroy.inc();
    stats.cxLengthMs.record(
        (connection.downstream.loop().nanos() - connection.startNanos) / 1_000_000);
  }

  /** Logs and counts a connection that no chain is for. */
  void unmatched(AcceptedSocket socket, long nanos) {
    stats.noFilterChainMatch.inc();
    StreamInfo info = new StreamInfo();
    info.downstreamLocalAddress = socket.localAddress();
    info.downstreamDirectRemoteAddress = socket.directRemoteAddress();
    info.downstreamRemoteAddress = socket.remoteAddress();
    info.requestedServerName = socket.serverName();
    info.startNanos = nanos;
    info.endNanos = nanos;
    info.set(ResponseFlag.NO_ROUTE_FOUND);
    info.responseCodeDetails = "filter_chain_not_found";
    listener().accessLog().log(info);
  }

  List<DownstreamConnection> connections() {
    return connections.stream().map(Connection::downstream).toList();
  }
}
