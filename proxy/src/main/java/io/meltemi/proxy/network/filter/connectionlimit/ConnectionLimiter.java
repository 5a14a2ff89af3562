package io.meltemi.proxy.network.filter.connectionlimit;

import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.StatScope;
import io.netty.channel.Channel;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the connections of its chain on all event loops. One beyond the limit is closed, at once
 * or after a delay in which it still counts, and no later filter sees it.
 */
final class ConnectionLimiter implements NetworkFilterConfig {
  private final long max;
  private final long delayNanos;
  private final AtomicLong connections = new AtomicLong(0);
  private final Gauge active;
  private final Counter limited;

  /**
   * @param delayNanos how long a connection beyond the limit stays open and unread; 0 for not
   */
  ConnectionLimiter(long max, long delayNanos, StatScope stats) {
    this.max = max;
    this.delayNanos = delayNanos;
    this.active = stats.gauge("active_connections");
    this.limited = stats.counter("limited_connections");
  }

  @Override
  public void install(DownstreamConnection connection) {
    Channel channel = connection.channel();
    active.inc();
    boolean within = connections.incrementAndGet() <= max;
    channel
        .closeFuture()
        .addListener(
            _ -> {
              connections.decrementAndGet();
              active.dec();
            });
    if (within) {
      return;
    }
    limited.inc();
    connection.refuse("over_connection_limit");
    if (delayNanos == 0) {
      channel.close();
      return;
    }
    LoopTimer delay =
        new LoopTimer() {
          @Override
          protected void onTimeout() {
            channel.close();
          }
        };
    connection.loop().timers().start(delay, delayNanos);
    channel.closeFuture().addListener(_ -> connection.loop().timers().cancel(delay));
  }
}
