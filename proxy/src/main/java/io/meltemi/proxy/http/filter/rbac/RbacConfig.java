package io.meltemi.proxy.http.filter.rbac;

import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.rbac.RbacCheck;
import io.meltemi.proxy.rbac.RbacLabels;
import io.meltemi.proxy.rbac.RbacRules;
import io.meltemi.proxy.telemetry.StatScope;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The rules of a chain. */
final class RbacConfig implements HttpFilterConfig {
  private final RbacRules rules;
  private final RbacLabels labels;
  private final Map<StatScope, RbacCheck> checks = new ConcurrentHashMap<>(1);

  RbacConfig(RbacRules rules, RbacLabels labels) {
    this.rules = rules;
    this.labels = labels;
  }

  @Override
  public HttpFilter newFilter(HttpFilterContext context) {
    StatScope scope = context.stats();
    RbacCheck check = checks.computeIfAbsent(scope, of -> new RbacCheck(rules, labels, of));
    return new RbacFilter(check, labels, context);
  }
}
