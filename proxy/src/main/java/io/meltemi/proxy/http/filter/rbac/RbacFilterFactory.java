package io.meltemi.proxy.http.filter.rbac;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.rbac.v3.RBAC;
import io.envoyproxy.envoy.extensions.filters.http.rbac.v3.RBACPerRoute;
import io.meltemi.proxy.cel.CelExpressions;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.rbac.RbacLabels;
import io.meltemi.proxy.rbac.RbacParser;
import io.meltemi.proxy.rbac.RbacRules;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.Optional;
import java.util.Set;

/** Parses access rules. */
public final class RbacFilterFactory implements HttpFilterFactory {
  private static final String NAME = "envoy.filters.http.rbac";
  private static final String TYPE_PREFIX =
      "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.";
  private static final SupportedFields RBAC_FIELDS =
      SupportedFields.of(
          RBAC.class,
          "rules",
          "rules_stat_prefix",
          "shadow_rules",
          "shadow_rules_stat_prefix",
          "matcher",
          "shadow_matcher",
          "track_per_rule_stats");
  private static final SupportedFields ROUTE_FIELDS =
      SupportedFields.of(RBACPerRoute.class, "rbac");

  private final CelExpressions expressions;

  public RbacFilterFactory(CelExpressions expressions) {
    this.expressions = expressions;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(TYPE_PREFIX + "RBAC");
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(TYPE_PREFIX + "RBACPerRoute");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, RBAC.class, RBAC_FIELDS)
        .map(
            proto ->
                new RbacConfig(
                    rules(proto, scope),
                    new RbacLabels(
                        NAME,
                        prefixes(proto),
                        prefixes(proto),
                        proto.getTrackPerRuleStats(),
                        true)));
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope
        .unpack(config, RBACPerRoute.class, ROUTE_FIELDS)
        .map(
            proto -> {
              ParseScope at = scope.field("rbac");
              RBAC_FIELDS.check(proto.getRbac(), at);
              return new RbacRouteConfig(
                  proto.hasRbac() ? rules(proto.getRbac(), at) : RbacRules.NONE,
                  prefixes(proto.getRbac()),
                  proto.getRbac().getTrackPerRuleStats());
            });
  }

  private static RbacLabels.Prefixes prefixes(RBAC proto) {
    return new RbacLabels.Prefixes(proto.getRulesStatPrefix(), proto.getShadowRulesStatPrefix());
  }

  private RbacRules rules(RBAC proto, ParseScope scope) {
    return RbacParser.rules(
        new RbacParser.Source(
            proto.hasRules() ? Optional.of(proto.getRules()) : Optional.empty(),
            proto.hasMatcher() ? Optional.of(proto.getMatcher()) : Optional.empty()),
        new RbacParser.Source(
            proto.hasShadowRules() ? Optional.of(proto.getShadowRules()) : Optional.empty(),
            proto.hasShadowMatcher() ? Optional.of(proto.getShadowMatcher()) : Optional.empty()),
        expressions,
        scope);
  }
}
