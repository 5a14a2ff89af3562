package io.meltemi.config.traffic;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/** Limits of connections and requests (Istio {@code ConnectionPoolSettings}). */
public record ConnectionPool(Optional<Tcp> tcp, Optional<Http> http) {

  /**
   * Limits of connections.
   *
   * @param maxConnections unset or 0 means no limit
   * @param idleTimeout zero switches it off
   */
  public record Tcp(
      OptionalInt maxConnections,
      Optional<Duration> connectTimeout,
      Optional<TcpKeepalive> tcpKeepalive,
      Optional<Duration> maxConnectionDuration,
      Optional<Duration> idleTimeout) {}

  /**
   * Limits of HTTP; an unset or zero limit means none.
   *
   * @param maxRequestsPerConnection 1 switches keep-alive off
   */
  public record Http(
      OptionalInt http1MaxPendingRequests,
      OptionalInt http2MaxRequests,
      OptionalInt maxRequestsPerConnection,
      OptionalInt maxRetries,
      OptionalInt maxConcurrentStreams,
      Optional<Duration> idleTimeout,
      H2UpgradePolicy h2UpgradePolicy,
      boolean useClientProtocol,
      Optional<Http2KeepAlive> http2KeepAlive) {}

  public enum H2UpgradePolicy {
    DEFAULT,
    DO_NOT_UPGRADE,
    UPGRADE
  }

  public record Http2KeepAlive(Duration interval, Duration timeout) {}
}
