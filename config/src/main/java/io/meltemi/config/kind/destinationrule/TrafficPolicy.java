package io.meltemi.config.kind.destinationrule;

import io.meltemi.config.traffic.ClientTls;
import io.meltemi.config.traffic.ConnectionPool;
import io.meltemi.config.traffic.OutlierDetection;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** How connections and requests to a destination are made. */
public record TrafficPolicy(
    Optional<LoadBalancer> loadBalancer,
    Optional<ConnectionPool> connectionPool,
    Optional<OutlierDetection> outlierDetection,
    Optional<ClientTls> tls,
    List<PortPolicy> portLevelSettings,
    Optional<Tunnel> tunnel,
    Optional<ProxyProtocolVersion> proxyProtocol,
    Optional<RetryBudget> retryBudget) {

  /** Replaces the four settings of the policy around it, whole, for one port. */
  public record PortPolicy(
      int port,
      Optional<LoadBalancer> loadBalancer,
      Optional<ConnectionPool> connectionPool,
      Optional<OutlierDetection> outlierDetection,
      Optional<ClientTls> tls) {}

  /**
   * TCP through an HTTP proxy.
   *
   * @param post POST instead of CONNECT
   */
  public record Tunnel(boolean post, String targetHost, int targetPort) {}

  public enum ProxyProtocolVersion {
    V1,
    V2
  }

  /**
   * Retries as a share of active requests.
   *
   * @param percent unset means 20
   * @param minRetryConcurrency unset means 3
   */
  public record RetryBudget(
      Optional<Double> percent,
      OptionalLong minRetryConcurrency,
      Optional<Duration> budgetInterval) {}

  public TrafficPolicy {
    portLevelSettings = List.copyOf(portLevelSettings);
  }
}
