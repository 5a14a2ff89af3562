package io.meltemi.controlplane.translate;

import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.kind.destinationrule.LoadBalancer;
import io.meltemi.config.kind.destinationrule.TrafficPolicy;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.traffic.ClientTls;
import io.meltemi.config.traffic.ConnectionPool;
import io.meltemi.config.traffic.OutlierDetection;
import java.util.Optional;

/** Which of the policies of a destination rule count for one port and subset. */
public final class TrafficPolicies {
  private TrafficPolicies() {}

  /** The settings that count; what is unset is left to the proxy's default. */
  public record Effective(
      Optional<LoadBalancer> loadBalancer,
      Optional<ConnectionPool> connectionPool,
      Optional<OutlierDetection> outlierDetection,
      Optional<ClientTls> tls,
      Optional<TrafficPolicy.Tunnel> tunnel,
      Optional<TrafficPolicy.ProxyProtocolVersion> proxyProtocol,
      Optional<TrafficPolicy.RetryBudget> retryBudget) {
    static final Effective NONE =
        new Effective(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
  }

  /**
   * The policy for all endpoints: that of the rule, where settings of the port replace all others
   * whole; the mesh's default fills what is absent.
   */
  public static Effective ofPort(Optional<DestinationRule> rule, int port, MeshConfig mesh) {
    return withDefaults(
        overlay(Effective.NONE, rule.flatMap(DestinationRule::trafficPolicy), port), mesh);
  }

  /** The policy for a subset: its own settings one by one over those of the rule. */
  public static Effective ofSubset(
      DestinationRule rule, DestinationRule.Subset subset, int port, MeshConfig mesh) {
    Effective whole = overlay(Effective.NONE, rule.trafficPolicy(), port);
    return withDefaults(overlay(whole, subset.trafficPolicy(), port), mesh);
  }

  private static Effective overlay(Effective below, Optional<TrafficPolicy> policy, int port) {
    if (policy.isEmpty()) {
      return below;
    }
    TrafficPolicy above = policy.get();
    Optional<TrafficPolicy.Tunnel> tunnel = above.tunnel().or(below::tunnel);
    Optional<TrafficPolicy.ProxyProtocolVersion> proxyProtocol =
        above.proxyProtocol().or(below::proxyProtocol);
    Optional<TrafficPolicy.RetryBudget> retryBudget = above.retryBudget().or(below::retryBudget);
    for (TrafficPolicy.PortPolicy portPolicy : above.portLevelSettings()) {
      if (portPolicy.port() == port) {
        return new Effective(
            portPolicy.loadBalancer(),
            portPolicy.connectionPool(),
            portPolicy.outlierDetection(),
            portPolicy.tls(),
            tunnel,
            proxyProtocol,
            retryBudget);
      }
    }
    return new Effective(
        above.loadBalancer().or(below::loadBalancer),
        above.connectionPool().or(below::connectionPool),
        above.outlierDetection().or(below::outlierDetection),
        above.tls().or(below::tls),
        tunnel,
        proxyProtocol,
        retryBudget);
  }

  private static Effective withDefaults(Effective policy, MeshConfig mesh) {
    return new Effective(
        policy.loadBalancer(),
        policy.connectionPool().or(mesh.upstream()::connectionPool),
        policy.outlierDetection().or(mesh.upstream()::outlierDetection),
        policy.tls(),
        policy.tunnel(),
        policy.proxyProtocol(),
        policy.retryBudget());
  }
}
