package io.meltemi.controlplane.translate;

import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.kind.destinationrule.LoadBalancer;
import io.meltemi.config.kind.destinationrule.TrafficPolicy;
import io.meltemi.config.mesh.MeshConfig;
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
      Optional<OutlierDetection> outlierDetection) {
    static final Effective NONE =
        new Effective(Optional.empty(), Optional.empty(), Optional.empty());
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
    for (TrafficPolicy.PortPolicy portPolicy : policy.get().portLevelSettings()) {
      if (portPolicy.port() == port) {
        return new Effective(
            portPolicy.loadBalancer(), portPolicy.connectionPool(), portPolicy.outlierDetection());
      }
    }
    return new Effective(
        policy.get().loadBalancer().or(below::loadBalancer),
        policy.get().connectionPool().or(below::connectionPool),
        policy.get().outlierDetection().or(below::outlierDetection));
  }

  private static Effective withDefaults(Effective policy, MeshConfig mesh) {
    return new Effective(
        policy.loadBalancer(),
        policy.connectionPool().or(mesh.upstream()::connectionPool),
        policy.outlierDetection().or(mesh.upstream()::outlierDetection));
  }
}
