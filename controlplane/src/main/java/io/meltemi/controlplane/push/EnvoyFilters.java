package io.meltemi.controlplane.push;

import io.meltemi.config.kind.envoyfilter.EnvoyFilter;
import io.meltemi.config.resource.Resource;
import java.util.Comparator;
import java.util.List;

/** Which EnvoyFilters are for a proxy. */
final class EnvoyFilters {
  private EnvoyFilters() {}

  /**
   * Those for a proxy by priority; of equal ones those of the root namespace first.
   *
   * @param filters oldest first
   */
  static List<Resource<EnvoyFilter>> of(
      List<Resource<EnvoyFilter>> filters, ProxyNode node, String rootNamespace) {
    return filters.stream()
        .filter(
            filter ->
                filter.namespace().equals(rootNamespace)
                    || filter.namespace().equals(node.namespace()))
        .filter(filter -> selects(filter, node, rootNamespace))
        .sorted(
            Comparator.<Resource<EnvoyFilter>>comparingInt(filter -> filter.spec().priority())
                .thenComparing(filter -> !filter.namespace().equals(rootNamespace)))
        .toList();
  }

  private static boolean selects(
      Resource<EnvoyFilter> filter, ProxyNode node, String rootNamespace) {
    EnvoyFilter spec = filter.spec();
    if (!spec.targets().isEmpty()) {
      return spec.targets().stream()
          .anyMatch(
              target ->
                  PolicyTargets.isTarget(
                      target.group(), target.kind(), target.name(), filter, node, rootNamespace));
    }
    return spec.workloadSelector().map(node.labels()::matches).orElse(true);
  }
}
