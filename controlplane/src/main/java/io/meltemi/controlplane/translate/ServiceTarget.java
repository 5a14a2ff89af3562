package io.meltemi.controlplane.translate;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.controlplane.push.MeshDestinationRule;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServicePort;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a client reaches as one cluster: a port of a service, or a subset of it, under the rule that
 * is in force for the client. Within one world equal when cluster name, service and rule are the
 * same.
 *
 * @param name of the cluster; tells port and subset
 */
public record ServiceTarget(
    String name,
    MeshService service,
    ServicePort port,
    Optional<MeshDestinationRule> rule,
    Optional<DestinationRule.Subset> subset) {

  /** Empty when there is no subset. */
  public String subsetName() {
    return subset.map(DestinationRule.Subset::name).orElse("");
  }

  /** What endpoints must have; empty: all do. */
  public Labels labels() {
    return subset.map(DestinationRule.Subset::labels).orElse(Labels.EMPTY);
  }

  /** How the rule and the mesh want it to be reached. */
  public TrafficPolicies.Effective policy(MeshConfig mesh) {
    return rule.isPresent() && subset.isPresent()
        ? TrafficPolicies.ofSubset(rule.get().rule(), subset.get(), port.number(), mesh)
        : TrafficPolicies.ofPort(rule.map(MeshDestinationRule::rule), port.number(), mesh);
  }

  /** The rule's resources and the service's. */
  public List<Origin> origins() {
    List<Origin> origins = new ArrayList<>();
    rule.ifPresent(found -> found.from().forEach(from -> origins.add(from.origin())));
    origins.add(service.origin());
    return origins;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ServiceTarget that
        && name.equals(that.name)
        && isSame(service, that.service)
        && isSame(rule.orElse(null), that.rule.orElse(null));
  }

  /** Services and rules of one world are never there twice. */
  @SuppressWarnings("ReferenceEquality")
  private static boolean isSame(@Nullable Object one, @Nullable Object other) {
    return one == other;
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }
}
