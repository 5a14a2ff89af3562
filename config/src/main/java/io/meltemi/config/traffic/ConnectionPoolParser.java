package io.meltemi.config.traffic;

import io.meltemi.config.traffic.ConnectionPool.H2UpgradePolicy;
import io.meltemi.config.traffic.ConnectionPool.Http2KeepAlive;
import io.meltemi.config.yaml.ObjectReader;
import java.time.Duration;
import java.util.Optional;

/** Reads {@code ConnectionPoolSettings} and {@code TcpKeepalive}. */
public final class ConnectionPoolParser {
  private ConnectionPoolParser() {}

  public static ConnectionPool parse(ObjectReader reader) {
    ConnectionPool pool =
        new ConnectionPool(
            reader.object("tcp", ConnectionPoolParser::tcp),
            reader.object("http", ConnectionPoolParser::http));
    if (pool.tcp().isEmpty() && pool.http().isEmpty()) {
      reader.error("", "nothing set", "tcp or http");
    }
    return pool;
  }

  private static ConnectionPool.Tcp tcp(ObjectReader reader) {
    return new ConnectionPool.Tcp(
        reader.count("maxConnections"),
        reader.durationMillis("connectTimeout"),
        reader.object("tcpKeepalive", ConnectionPoolParser::tcpKeepalive),
        reader.durationMillis("maxConnectionDuration"),
        reader.duration("idleTimeout"));
  }

  public static TcpKeepalive tcpKeepalive(ObjectReader reader) {
    return new TcpKeepalive(
        reader.unsigned("probes"),
        reader.durationMillis("time"),
        reader.durationMillis("interval"));
  }

  private static ConnectionPool.Http http(ObjectReader reader) {
    H2UpgradePolicy upgrade =
        reader
            .enumeration("h2UpgradePolicy", H2UpgradePolicy.class)
            .orElse(H2UpgradePolicy.DEFAULT);
    boolean useClientProtocol = reader.bool("useClientProtocol");
    if (upgrade == H2UpgradePolicy.UPGRADE && useClientProtocol) {
      reader.error("useClientProtocol", "true with h2UpgradePolicy UPGRADE", "only one of the two");
    }
    return new ConnectionPool.Http(
        reader.count("http1MaxPendingRequests"),
        reader.count("http2MaxRequests"),
        reader.count("maxRequestsPerConnection"),
        reader.count("maxRetries"),
        reader.count("maxConcurrentStreams"),
        reader.durationMillis("idleTimeout"),
        upgrade,
        useClientProtocol,
        reader.object("http2KeepAlive", ConnectionPoolParser::http2KeepAlive));
  }

  private static Http2KeepAlive http2KeepAlive(ObjectReader reader) {
    reader.require("interval", "a duration such as 15s");
    reader.require("timeout", "a duration such as 5s");
    Optional<Duration> interval = reader.durationMillis("interval");
    Optional<Duration> timeout = reader.durationMillis("timeout");
    return new Http2KeepAlive(interval.orElse(Duration.ZERO), timeout.orElse(Duration.ZERO));
  }
}
