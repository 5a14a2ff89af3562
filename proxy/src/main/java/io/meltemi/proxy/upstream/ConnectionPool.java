package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.CircuitBreakers;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterSettings.Protocol;
import io.meltemi.proxy.cluster.ClusterStats;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostStat;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.transport.NegotiatedProtocol;
import io.meltemi.proxy.transport.TransportOptions;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ConnectTimeoutException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one loop to one host, over which streams are leased. In HTTP/1.1 a connection
 * carries one stream at a time, in HTTP/2 as many as both ends allow; with {@link Protocol#AUTO}
 * the handshake of each connection tells which. The connection used last is leased first. Bounded
 * by the cluster's circuit breakers: connections, requests, and requests waiting for a connection.
 */
public final class ConnectionPool {
  private static final String HTTP_1_1 = "http/1.1";
  private static final String HTTP_2 = "h2";

  /** How many connections one stream may open before they are needed, as in Envoy. */
  private static final int PRECONNECTIONS_MAX = 3;

  private final LoopContext loop;
  private final Connector connector;
  private final Cluster cluster;
  private final Host host;
  private final ClusterStats stats;
  private final CircuitBreakers breakers;
  private final Protocol protocol;
  private final TransportOptions transport;

  /** Those with room for a stream, the one used last first. */
  private final ArrayDeque<ClientConnection> ready = new ArrayDeque<>(4);

  /** Every connection that is open, for draining. */
  private final Set<ClientConnection> established =
      Collections.newSetFromMap(new IdentityHashMap<>(4));

  private final ArrayDeque<UpstreamCallbacks> pending = new ArrayDeque<>(2);
  private int connections;
  private int connecting;

  /** How many streams a connection that is being opened is expected to carry. */
  private int streamsExpected;

  private boolean draining;

  /** How many streams there is to be room for, as a multiple of those there are. */
  private final double preconnectRatio;

  private int active;

  /**
   * @param wanted what every connection of the pool has beyond what the cluster says
   */
  ConnectionPool(
      LoopContext loop,
      Connector connector,
      Cluster cluster,
      Host host,
      Protocol protocol,
      TransportOptions wanted) {
    this.loop = loop;
    this.connector = connector;
    this.cluster = cluster;
    this.host = host;
    this.protocol = protocol;
    this.stats = cluster.stats();
    this.breakers = cluster.circuitBreakers();
    this.preconnectRatio = cluster.settings().connection().preconnect().perHost();
    this.transport = wanted.withFallbackProtocols(offered(protocol));
    this.streamsExpected =
        protocol == Protocol.HTTP1 ? 1 : cluster.settings().http().http2().concurrentStreamsMax();
  }

  private static List<String> offered(Protocol protocol) {
    return switch (protocol) {
      case HTTP1 -> List.of(HTTP_1_1);
      case HTTP2 -> List.of(HTTP_2);
      case AUTO -> List.of(HTTP_2, HTTP_1_1);
      case DOWNSTREAM -> throw new IllegalArgumentException("chosen before there is a pool");
    };
  }

  public Host host() {
    return host;
  }

  Cluster cluster() {
    return cluster;
  }

  LoopContext loop() {
    return loop;
  }

  ClusterStats stats() {
    return stats;
  }

  /**
   * Leases a stream. Exactly one of {@link UpstreamCallbacks#onReady} and {@link
   * UpstreamCallbacks#onPoolFailure} follows, unless {@link #cancel} comes first.
   */
  public void lease(UpstreamCallbacks callbacks) {
    ClientConnection first = ready.peekFirst();
    if (first != null) {
      if (breakers.tryRequest()) {
        begin(first, callbacks);
        if (preconnectRatio > 1) {
          connectIfNeeded();
        }
      } else {
        overflow(callbacks);
      }
      return;
    }
    if (!breakers.tryPending()) {
      overflow(callbacks);
      return;
    }
    stats.rqPendingTotal.inc();
    stats.rqPendingActive.inc();
    pending.addLast(callbacks);
    connectIfNeeded();
  }

  private void overflow(UpstreamCallbacks callbacks) {
    stats.rqPendingOverflow.inc();
    callbacks.onPoolFailure(PoolFailure.OVERFLOW, "");
  }

  /** Takes back a request for a connection that is not answered yet; else does nothing. */
  public void cancel(UpstreamCallbacks callbacks) {
    if (pending.removeFirstOccurrence(callbacks)) {
      pendingDone();
      stats.rqCancelled.inc();
    }
  }

  private void pendingDone() {
    breakers.releasePending();
    stats.rqPendingActive.dec();
  }

  private void connectIfNeeded() {
    while ((long) connecting * streamsExpected < pending.size()) {
      boolean counted = cluster.tryConnection(host);
      if (!counted) {
        stats.cxOverflow.inc();
        if (connections > 0) {
          // those waiting get the next stream that comes free
          return;
        }
      }
      connect(counted);
    }
    if (preconnectRatio > 1) {
      for (int i = 0; i < PRECONNECTIONS_MAX && preconnects(0, preconnectRatio); i++) {
        // each opens one
      }
    }
  }

  /**
   * Opens a connection when one more stream would want it.
   *
   * @return whether it did
   */
  boolean preconnect(double ratio) {
    return preconnects(1, ratio);
  }

  private boolean preconnects(int anticipated, double ratio) {
    if (draining || !isShort(pending.size() + anticipated, active, room(), ratio)) {
      return false;
    }
    boolean counted = cluster.tryConnection(host);
    if (counted) {
      connect(true);
    }
    return counted;
  }

  /** Whether streams that wait and streams under way want more room than there is. */
  static boolean isShort(int waiting, int active, long room, double ratio) {
    return (waiting + active) * ratio > room + active;
  }

  /** Streams that wait for a connection. */
  int waiting() {
    return pending.size();
  }

  /** Streams under way. */
  int active() {
    return active;
  }

  /** Streams that the connections have room for, those being opened included. */
  long room() {
    long room = (long) connecting * streamsExpected;
    for (ClientConnection connection : ready) {
      room += connection.room();
    }
    return room;
  }

  private void connect(boolean counted) {
    connections++;
    connecting++;
    stats.cxTotal.inc();
    stats.cxActive.inc();
    host.add(HostStat.CX_TOTAL, 1);
    host.add(HostStat.CX_ACTIVE, 1);
    long start = loop.nanos();
    ClientConnection known =
        protocol == Protocol.AUTO ? null : connection(protocol == Protocol.HTTP2, counted, start);
    EarlyReads early = new EarlyReads();
    ChannelFuture future =
        connector.connect(
            loop.eventLoop(), cluster, host, transport, known == null ? early : known);
    future.addListener(
        _ -> {
          connecting--;
          Channel channel = future.channel();
          if (!future.isSuccess() || !channel.isActive()) {
            onConnectFailed(channel, future.cause(), counted);
          } else if (known != null) {
            onConnected(channel, known, start);
          } else {
            boolean http2 = NegotiatedProtocol.of(channel).equals(HTTP_2);
            streamsExpected = http2 ? cluster.settings().http().http2().concurrentStreamsMax() : 1;
            ClientConnection chosen = connection(http2, counted, start);
            early.replaceBy(chosen);
            onConnected(channel, chosen, start);
            early.replay();
          }
        });
  }

  private ClientConnection connection(boolean http2, boolean counted, long start) {
    if (http2) {
      stats.cxHttp2Total.inc();
      return new Http2ClientConnection(this, counted, start);
    }
    stats.cxHttp1Total.inc();
    return new Http1ClientConnection(this, counted, start);
  }

  private void onConnected(Channel channel, ClientConnection connection, long start) {
    stats.cxConnectMs.record(TimeUnit.NANOSECONDS.toMillis(loop.nanos() - start));
    connection.connected(channel);
    if (!connection.isOpen()) {
      return;
    }
    established.add(connection);
    cluster.outlierDetector().onConnected(host);
    release(connection);
    connectIfNeeded();
  }

  private void onConnectFailed(Channel channel, @Nullable Throwable cause, boolean counted) {
    channel.close();
    boolean timeout = cause instanceof ConnectTimeoutException;
    stats.cxConnectFail.inc();
    if (timeout) {
      stats.cxConnectTimeout.inc();
    }
    host.add(HostStat.CX_CONNECT_FAIL, 1);
    notConnected(counted);
    failPending(
        timeout ? PoolFailure.CONNECT_TIMEOUT : PoolFailure.CONNECT_FAILED, describe(cause));
    connectIfNeeded();
  }

  private static String describe(@Nullable Throwable cause) {
    String text = cause == null ? null : cause.getMessage();
    return text == null ? "" : text;
  }

  private void failPending(PoolFailure failure, String detail) {
    // those that come while the failure is told are not part of it
    for (int left = pending.size(); left > 0; left--) {
      UpstreamCallbacks next = pending.pollFirst();
      if (next == null) {
        return;
      }
      pendingDone();
      stats.rqPendingFailureEject.inc();
      next.onPoolFailure(failure, detail);
    }
  }

  private void begin(ClientConnection connection, UpstreamCallbacks callbacks) {
    stats.rqTotal.inc();
    stats.rqActive.inc();
    active++;
    host.add(HostStat.RQ_TOTAL, 1);
    host.add(HostStat.RQ_ACTIVE, 1);
    UpstreamStream stream = connection.begin(callbacks);
    if (!connection.hasRoom()) {
      unlist(connection);
    }
    callbacks.onReady(stream);
  }

  /** A request that {@link #begin} began is over, one way or the other. */
  void requestDone() {
    stats.rqActive.dec();
    active--;
    host.add(HostStat.RQ_ACTIVE, -1);
    breakers.releaseRequest();
  }

  /** A connection has room: those waiting get it first. */
  void release(ClientConnection connection) {
    while (connection.hasRoom()) {
      UpstreamCallbacks next = pending.pollFirst();
      if (next == null) {
        break;
      }
      pendingDone();
      if (breakers.tryRequest()) {
        begin(connection, next);
      } else {
        overflow(next);
      }
    }
    if (draining) {
      connection.drain();
    } else if (connection.hasRoom()) {
      if (!connection.listed) {
        connection.listed = true;
        ready.addFirst(connection);
      }
      if (connection.isIdle()) {
        connection.startIdle();
      }
    }
  }

  /** A connection has no room any more. */
  void unlist(ClientConnection connection) {
    if (connection.listed) {
      connection.listed = false;
      ready.removeFirstOccurrence(connection);
    }
  }

  /** A connection will take no further stream, though it is still open. */
  void retire(ClientConnection connection) {
    unlist(connection);
    connectIfNeeded();
  }

  /** The peer has told how many streams it takes at once. */
  void streamsExpected(int count) {
    streamsExpected = Math.max(1, count);
  }

  /** A connection is closed. */
  void gone(ClientConnection connection) {
    unlist(connection);
    established.remove(connection);
    notConnected(connection.isCounted());
    connectIfNeeded();
  }

  private void notConnected(boolean counted) {
    connections--;
    stats.cxActive.dec();
    host.add(HostStat.CX_ACTIVE, -1);
    if (counted) {
      breakers.releaseConnection();
    }
  }

  /** Closes what is idle; the rest closes when its streams are over. */
  void drain() {
    draining = true;
    for (ClientConnection connection : List.copyOf(established)) {
      connection.drain();
    }
  }

  /** Number of connections, those being opened included. */
  public int connections() {
    return connections;
  }

  /** Number of connections with room for a stream. */
  public int readyConnections() {
    return ready.size();
  }
}
