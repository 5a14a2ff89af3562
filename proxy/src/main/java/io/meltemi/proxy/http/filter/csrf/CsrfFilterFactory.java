package io.meltemi.proxy.http.filter.csrf;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.csrf.v3.CsrfPolicy;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.http.filter.csrf.CsrfFilter.Policy;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.FractionParser;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.matcher.StringMatcherParser;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Parses policies against forged requests. */
public final class CsrfFilterFactory implements HttpFilterFactory {
  private static final String TYPE_URL =
      "type.googleapis.com/envoy.extensions.filters.http.csrf.v3.CsrfPolicy";
  private static final SupportedFields POLICY =
      SupportedFields.of(
          CsrfPolicy.class, "filter_enabled", "shadow_enabled", "additional_origins");

  @Override
  public String name() {
    return "envoy.filters.http.csrf";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(TYPE_URL);
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(TYPE_URL);
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope.unpack(config, CsrfPolicy.class, POLICY).map(proto -> policy(proto, scope));
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope.unpack(config, CsrfPolicy.class, POLICY).map(proto -> policy(proto, scope));
  }

  private static Policy policy(CsrfPolicy proto, ParseScope scope) {
    if (!proto.hasFilterEnabled()) {
      scope.field("filter_enabled").error("nothing", "a fraction");
    }
    List<StringMatcher> origins = new ArrayList<>();
    for (int i = 0; i < proto.getAdditionalOriginsCount(); i++) {
      StringMatcherParser.parse(proto.getAdditionalOrigins(i), scope.field("additional_origins", i))
          .ifPresent(origins::add);
    }
    return new Policy(
        FractionParser.parse(proto.getFilterEnabled(), scope.field("filter_enabled")),
        proto.hasShadowEnabled()
            ? FractionParser.parse(proto.getShadowEnabled(), scope.field("shadow_enabled"))
            : Fraction.NEVER,
        origins);
  }
}
