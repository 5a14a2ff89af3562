package io.meltemi.controlplane.push;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.resource.Resource;
import io.meltemi.controlplane.registry.ExportTo;
import java.util.List;
import java.util.Optional;

/**
 * A destination rule with its host completed; several of one namespace for the same host are
 * merged: the policy of the oldest, the subsets of all.
 *
 * @param rule what applies
 * @param exportTo who sees it
 * @param from the resources it was merged from, the oldest first
 */
public record MeshDestinationRule(
    DestinationRule rule, ExportTo exportTo, List<Resource<DestinationRule>> from) {
  public MeshDestinationRule {
    from = List.copyOf(from);
  }

  /** The client workloads it is for; empty: all. */
  public Optional<Labels> workloadSelector() {
    return rule.workloadSelector();
  }

  /** The resource that gave the policy. */
  public Resource<DestinationRule> oldest() {
    return from.getFirst();
  }

  public String namespace() {
    return oldest().namespace();
  }
}
