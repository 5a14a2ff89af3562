package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.CircuitBreakers;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterStats;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostStat;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.transport.TransportOptions;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ConnectTimeoutException;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one loop to one host. The connection used last is leased first. Bounded by the
 * cluster's circuit breakers: connections, requests, and requests waiting for a connection.
 */
public final class ConnectionPool {
  private final LoopContext loop;
  private final Connector connector;
  private final Cluster cluster;
  private final Host host;
  private final ClusterStats stats;
  private final CircuitBreakers breakers;
  private final ArrayDeque<Http1ClientConnection> idle = new ArrayDeque<>(4);
  private final ArrayDeque<UpstreamCallbacks> pending = new ArrayDeque<>(2);
  private int connections;
  private int connecting;
  private boolean draining;

  ConnectionPool(LoopContext loop, Connector connector, Cluster cluster, Host host) {
    this.loop = loop;
    this.connector = connector;
    this.cluster = cluster;
    this.host = host;
    this.stats = cluster.stats();
    this.breakers = cluster.circuitBreakers();
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
   * Leases a connection. Exactly one of {@link UpstreamCallbacks#onReady} and {@link
   * UpstreamCallbacks#onPoolFailure} follows, unless {@link #cancel} comes first.
   */
  public void lease(UpstreamCallbacks callbacks) {
    Http1ClientConnection ready = idle.pollFirst();
    if (ready != null) {
      if (breakers.tryRequest()) {
        begin(ready, callbacks);
      } else {
        idle.addFirst(ready);
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
    while (connecting < pending.size()) {
      boolean counted = breakers.tryConnection();
      if (!counted) {
        stats.cxOverflow.inc();
        if (connections > 0) {
          // those waiting get the next connection that comes free
          return;
        }
      }
      connect(counted);
    }
  }

  private void connect(boolean counted) {
    connections++;
    connecting++;
    stats.cxTotal.inc();
    stats.cxHttp1Total.inc();
    stats.cxActive.inc();
    host.add(HostStat.CX_TOTAL, 1);
    host.add(HostStat.CX_ACTIVE, 1);
    long start = loop.nanos();
    Http1ClientConnection connection = new Http1ClientConnection(this, counted, start);
    ChannelFuture future =
        connector.connect(loop.eventLoop(), cluster, host, TransportOptions.NONE, connection);
    future.addListener(_ -> onConnect(connection, future, start));
  }

  private void onConnect(Http1ClientConnection connection, ChannelFuture future, long start) {
    connecting--;
    if (future.isSuccess()) {
      stats.cxConnectMs.record(TimeUnit.NANOSECONDS.toMillis(loop.nanos() - start));
      connection.connected(future.channel());
      cluster.outlierDetector().onConnected(host);
      release(connection);
      return;
    }
    future.channel().close();
    Throwable cause = future.cause();
    boolean timeout = cause instanceof ConnectTimeoutException;
    stats.cxConnectFail.inc();
    if (timeout) {
      stats.cxConnectTimeout.inc();
    }
    host.add(HostStat.CX_CONNECT_FAIL, 1);
    gone(connection);
    failPending(
        timeout ? PoolFailure.CONNECT_TIMEOUT : PoolFailure.CONNECT_FAILED, describe(cause));
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

  private void begin(Http1ClientConnection connection, UpstreamCallbacks callbacks) {
    stats.rqTotal.inc();
    stats.rqActive.inc();
    host.add(HostStat.RQ_TOTAL, 1);
    host.add(HostStat.RQ_ACTIVE, 1);
    connection.begin(callbacks);
    callbacks.onReady(connection);
  }

  /** A request that {@link #begin} began is over, one way or the other. */
  void requestDone() {
    stats.rqActive.dec();
    host.add(HostStat.RQ_ACTIVE, -1);
    breakers.releaseRequest();
  }

  /** A connection is free. */
  void release(Http1ClientConnection connection) {
    while (true) {
      UpstreamCallbacks next = pending.pollFirst();
      if (next == null) {
        break;
      }
      pendingDone();
      if (breakers.tryRequest()) {
        begin(connection, next);
        return;
      }
      overflow(next);
    }
    if (draining) {
      connection.closeIdle();
      return;
    }
    idle.addFirst(connection);
    connection.startIdle();
  }

  /** A connection is closed or will take no further request. */
  void gone(Http1ClientConnection connection) {
    connections--;
    idle.remove(connection);
    stats.cxActive.dec();
    host.add(HostStat.CX_ACTIVE, -1);
    if (connection.isCounted()) {
      breakers.releaseConnection();
    }
    connectIfNeeded();
  }

  /** Closes what is idle; the rest closes when its response is over. */
  void drain() {
    draining = true;
    for (Http1ClientConnection next = idle.pollFirst(); next != null; next = idle.pollFirst()) {
      next.closeIdle();
    }
  }

  /** Number of connections, those being opened included. */
  public int connections() {
    return connections;
  }

  /** Number of connections that wait for a request. */
  public int idleConnections() {
    return idle.size();
  }
}
