package io.meltemi.proxy.http.filter.cors;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.cors.v3.Cors;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
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

/** Parses the CORS filter, which has no settings, and its policies, which routes have. */
public final class CorsFilterFactory implements HttpFilterFactory {
  private static final SupportedFields CORS = SupportedFields.of(Cors.class);
  private static final SupportedFields POLICY =
      SupportedFields.of(
          io.envoyproxy.envoy.extensions.filters.http.cors.v3.CorsPolicy.class,
          "allow_origin_string_match",
          "allow_methods",
          "allow_headers",
          "expose_headers",
          "max_age",
          "allow_credentials",
          "filter_enabled",
          "shadow_enabled",
          "allow_private_network_access",
          "forward_not_matching_preflights");

  @Override
  public String name() {
    return "envoy.filters.http.cors";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors");
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of("type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope.unpack(config, Cors.class, CORS).map(_ -> CorsFilter::new);
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope
        .unpack(
            config, io.envoyproxy.envoy.extensions.filters.http.cors.v3.CorsPolicy.class, POLICY)
        .map(proto -> policy(proto, scope));
  }

  private static CorsPolicy policy(
      io.envoyproxy.envoy.extensions.filters.http.cors.v3.CorsPolicy proto, ParseScope scope) {
    List<StringMatcher> origins = new ArrayList<>();
    for (int i = 0; i < proto.getAllowOriginStringMatchCount(); i++) {
      StringMatcherParser.parse(
              proto.getAllowOriginStringMatch(i), scope.field("allow_origin_string_match", i))
          .ifPresent(origins::add);
    }
    Fraction enabled =
        proto.hasFilterEnabled()
            ? FractionParser.parse(proto.getFilterEnabled(), scope.field("filter_enabled"))
            : Fraction.ALWAYS;
    Fraction shadow =
        proto.hasShadowEnabled()
            ? FractionParser.parse(proto.getShadowEnabled(), scope.field("shadow_enabled"))
            : Fraction.NEVER;
    return new CorsPolicy(
        origins,
        new CorsPolicy.Answers(
            proto.getAllowMethods(),
            proto.getAllowHeaders(),
            proto.getExposeHeaders(),
            proto.getMaxAge(),
            proto.getAllowCredentials().getValue(),
            proto.getAllowPrivateNetworkAccess().getValue()),
        new CorsPolicy.Switches(
            enabled,
            shadow,
            !proto.hasForwardNotMatchingPreflights()
                || proto.getForwardNotMatchingPreflights().getValue()));
  }
}
