package io.meltemi.proxy.http.filter.rbac;

import io.meltemi.proxy.rbac.RbacCheck;
import io.meltemi.proxy.rbac.RbacLabels;
import io.meltemi.proxy.rbac.RbacRules;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.StatScope;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The rules of a route, which count instead of the chain's. As in Envoy their counters have the
 * names of the chain's, their fields of dynamic metadata have names of their own where they have a
 * prefix.
 */
final class RbacRouteConfig implements RouteFilterConfig {
  private final RbacRules rules;
  private final RbacLabels.Prefixes fields;
  private final boolean perPolicy;
  private final Map<Place, RbacCheck> checks = new ConcurrentHashMap<>(1);

  private record Place(RbacLabels labels, StatScope scope) {}

  RbacRouteConfig(RbacRules rules, RbacLabels.Prefixes fields, boolean perPolicy) {
    this.rules = rules;
    this.fields = fields;
    this.perPolicy = perPolicy;
  }

  /**
   * @param chain names of the filter in the chain
   */
  RbacCheck check(RbacLabels chain, StatScope scope) {
    return checks.computeIfAbsent(
        new Place(chain, scope),
        _ ->
            new RbacCheck(
                rules,
                new RbacLabels(
                    chain.namespace(),
                    chain.stats(),
                    new RbacLabels.Prefixes(
                        or(fields.rules(), chain.fields().rules()),
                        or(fields.shadow(), chain.fields().shadow())),
                    perPolicy,
                    chain.tellsEnforced()),
                scope));
  }

  private static String or(String own, String ofChain) {
    return own.isEmpty() ? ofChain : own;
  }
}
