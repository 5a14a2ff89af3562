package io.meltemi.proxy.network.filter.rbac;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.network.rbac.v3.RBAC;
import io.envoyproxy.envoy.extensions.filters.network.rbac.v3.RBAC.EnforcementType;
import io.meltemi.proxy.cel.CelExpressions;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.network.NetworkFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.rbac.RbacCheck;
import io.meltemi.proxy.rbac.RbacLabels;
import io.meltemi.proxy.rbac.RbacParser;
import io.meltemi.proxy.rbac.RbacRules;
import io.meltemi.proxy.telemetry.Stats;
import java.util.Optional;
import java.util.Set;

/** Parses access rules for connections. */
public final class RbacNetworkFilterFactory implements NetworkFilterFactory {
  private static final String NAME = "envoy.filters.network.rbac";
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          RBAC.class,
          "rules",
          "shadow_rules",
          "shadow_rules_stat_prefix",
          "matcher",
          "shadow_matcher",
          "stat_prefix",
          "enforcement_type",
          "delay_deny");

  private final Stats stats;
  private final CelExpressions expressions;

  public RbacNetworkFilterFactory(Stats stats, CelExpressions expressions) {
    this.stats = stats;
    this.expressions = expressions;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC");
  }

  @Override
  public boolean isTerminal() {
    return false;
  }

  @Override
  public Optional<NetworkFilterConfig> parse(Any config, ParseScope scope) {
    return scope.unpack(config, RBAC.class, FIELDS).map(proto -> rbac(proto, scope));
  }

  private NetworkFilterConfig rbac(RBAC proto, ParseScope scope) {
    if (proto.getStatPrefix().isEmpty()) {
      scope.field("stat_prefix").error("\"\"", "at least one character");
    }
    if (proto.getEnforcementType() == EnforcementType.UNRECOGNIZED) {
      scope
          .field("enforcement_type")
          .error(
              String.valueOf(proto.getEnforcementTypeValue()),
              "ONE_TIME_ON_FIRST_BYTE or CONTINUOUS");
    }
    RbacRules rules =
        RbacParser.rules(
            new RbacParser.Source(
                proto.hasRules() ? Optional.of(proto.getRules()) : Optional.empty(),
                proto.hasMatcher() ? Optional.of(proto.getMatcher()) : Optional.empty()),
            new RbacParser.Source(
                proto.hasShadowRules() ? Optional.of(proto.getShadowRules()) : Optional.empty(),
                proto.hasShadowMatcher()
                    ? Optional.of(proto.getShadowMatcher())
                    : Optional.empty()),
            expressions,
            scope);
    RbacLabels.Prefixes prefixes = new RbacLabels.Prefixes("", proto.getShadowRulesStatPrefix());
    RbacLabels labels = new RbacLabels(NAME, prefixes, prefixes, false, false);
    String prefix =
        proto.getStatPrefix().endsWith(".") ? proto.getStatPrefix() : proto.getStatPrefix() + ".";
    return new RbacConfig(
        new RbacCheck(rules, labels, stats.scope(prefix)),
        proto.getEnforcementType() == EnforcementType.CONTINUOUS,
        scope.field("delay_deny").durationNanos(proto.getDelayDeny()));
  }
}
