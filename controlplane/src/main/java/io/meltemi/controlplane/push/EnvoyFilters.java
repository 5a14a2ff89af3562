package io.meltemi.controlplane.push;

import io.meltemi.config.kind.envoyfilter.EnvoyFilter;
import io.meltemi.config.resource.Resource;
import java.util.Comparator;
import java.util.List;

/** Which EnvoyFilters are for a proxy. */
final class EnvoyFilters {
  private static final String GATEWAY_API = "gateway.networking.k8s.io";
  private static final String GATEWAY_LABEL = GATEWAY_API + "/gateway-name";
  private static final String CLASS_LABEL = GATEWAY_API + "/gateway-class-name";

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
          .anyMatch(target -> isTarget(target, filter, node, rootNamespace));
    }
    return spec.workloadSelector().map(node.labels()::matches).orElse(true);
  }

  private static boolean isTarget(
      EnvoyFilter.Target target,
      Resource<EnvoyFilter> filter,
      ProxyNode node,
      String rootNamespace) {
    if (!target.group().equals(GATEWAY_API)) {
      return false;
    }
    return switch (target.kind()) {
      case "Gateway" ->
          filter.namespace().equals(node.namespace())
              && node.labels().get(GATEWAY_LABEL, "").equals(target.name());
      case "GatewayClass" ->
          filter.namespace().equals(rootNamespace)
              && node.labels().get(CLASS_LABEL, "").equals(target.name());
      default -> false;
    };
  }
}
