package io.meltemi.proxy.http.filter.rbac;

import io.meltemi.proxy.rbac.RbacCheck;
import io.meltemi.proxy.rbac.RbacLabels;
import io.meltemi.proxy.rbac.RbacRules;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.StatScope;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The rules of a route, which count instead of the chain's. */
final class RbacRouteConfig implements RouteFilterConfig {
  private final RbacRules rules;
  private final Map<Place, RbacCheck> checks = new ConcurrentHashMap<>(1);

  private record Place(RbacLabels labels, StatScope scope) {}

  RbacRouteConfig(RbacRules rules) {
    this.rules = rules;
  }

  RbacCheck check(RbacLabels labels, StatScope scope) {
    return checks.computeIfAbsent(
        new Place(labels, scope), _ -> new RbacCheck(rules, labels, scope));
  }
}
