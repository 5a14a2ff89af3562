package io.meltemi.controlplane.translate;

import io.meltemi.common.net.Locality;
import io.meltemi.config.kind.destinationrule.LoadBalancer;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.traffic.LocalityLb;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.registry.MeshService;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How far endpoints in other places are used by a client in one place. */
public sealed interface LocalityPolicy {
  /** Every endpoint counts the same. */
  record Equal() implements LocalityPolicy {}

  /**
   * Fixed shares by place.
   *
   * @param shares locality pattern to percent
   */
  record Distribute(Map<String, Integer> shares) implements LocalityPolicy {}

  /**
   * The nearest healthy place.
   *
   * @param regions where to go from the client's region; empty: anywhere
   */
  record Failover(List<LocalityLb.Failover> regions) implements LocalityPolicy {}

  /**
   * The endpoints most like the client.
   *
   * @param labels keys or {@code key=value}, the most telling first
   * @param regions decide among endpoints that are alike; empty: nothing does
   */
  record FailoverByLabels(List<String> labels, List<LocalityLb.Failover> regions)
      implements LocalityPolicy {}

  /**
   * The policy that counts: the rule's before the service's own before the mesh's; of rule and mesh
   * failover only where outlier detection finds out what fails.
   */
  static LocalityPolicy of(
      TrafficPolicies.Effective policy, MeshConfig mesh, Locality client, MeshService service) {
    Optional<LocalityLb> ofRule = policy.loadBalancer().flatMap(LoadBalancer::localityLb);
    List<String> near = near(service.attributes().trafficDistribution());
    if (ofRule.isEmpty() && !near.isEmpty()) {
      return new FailoverByLabels(near, List.of());
    }
    Optional<LocalityLb> setting = ofRule.or(mesh.upstream()::localityLb);
    if (!setting.flatMap(LocalityLb::enabled).orElse(true)) {
      return new Equal();
    }
    List<LocalityLb.Distribute> distribute = setting.map(LocalityLb::distribute).orElse(List.of());
    if (!distribute.isEmpty()) {
      return distribute.stream()
          .filter(rule -> !client.isUnknown() && covers(rule.from(), client))
          .findFirst()
          .<LocalityPolicy>map(rule -> new Distribute(rule.to()))
          .orElse(new Equal());
    }
    if (policy.outlierDetection().isEmpty()) {
      return new Equal();
    }
    List<String> labels = setting.map(LocalityLb::failoverPriority).orElse(List.of());
    List<LocalityLb.Failover> regions =
        client.isUnknown() ? List.of() : setting.map(LocalityLb::failover).orElse(List.of());
    if (!labels.isEmpty()) {
      return new FailoverByLabels(labels, regions);
    }
    return client.isUnknown() ? new Equal() : new Failover(regions);
  }

  /** What a Kubernetes traffic distribution prefers, the most telling label first. */
  static List<String> near(String distribution) {
    return switch (distribution) {
      case "PreferClose", "PreferSameZone" -> ProxyNode.PLACES.subList(0, 4);
      case "PreferSameNode" -> ProxyNode.PLACES;
      default -> List.of();
    };
  }

  /** True when a pattern {@code region/zone/subzone}, {@code *} for the rest, covers a place. */
  static boolean covers(String pattern, Locality locality) {
    String[] parts = pattern.split("/", 3);
    String[] place = {locality.region(), locality.zone(), locality.subZone()};
    for (int i = 0; i < parts.length; i++) {
      if (parts[i].equals("*")) {
        return true;
      }
      if (!parts[i].equals(place[i])) {
        return false;
      }
    }
    return true;
  }
}
