package io.meltemi.proxy.http.filter.dynamicforwardproxy;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig;
import io.envoyproxy.envoy.extensions.filters.http.dynamic_forward_proxy.v3.PerRouteConfig;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.cluster.DynamicDnsParser;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.Optional;
import java.util.Set;

/** Parses the filter, whose names are those of the cluster that a request goes to. */
public final class DynamicForwardProxyFactory implements HttpFilterFactory {
  private static final SupportedFields FILTER =
      SupportedFields.of(FilterConfig.class, "dns_cache_config");
  private static final SupportedFields ROUTE =
      SupportedFields.of(PerRouteConfig.class, "host_rewrite_literal", "host_rewrite_header");

  private final ClusterManager clusters;

  public DynamicForwardProxyFactory(ClusterManager clusters) {
    this.clusters = clusters;
  }

  @Override
  public String name() {
    return "envoy.filters.http.dynamic_forward_proxy";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(
        "type.googleapis.com/envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig");
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(
        "type.googleapis.com/envoy.extensions.filters.http.dynamic_forward_proxy.v3"
            + ".PerRouteConfig");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, FilterConfig.class, FILTER)
        .map(
            proto -> {
              DynamicDnsParser.cache(proto.getDnsCacheConfig(), scope.field("dns_cache_config"));
              return context -> new DynamicForwardProxyFilter(context, clusters);
            });
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope
        .unpack(config, PerRouteConfig.class, ROUTE)
        .flatMap(proto -> rewrite(proto, scope));
  }

  private static Optional<RouteFilterConfig> rewrite(PerRouteConfig proto, ParseScope scope) {
    return switch (proto.getHostRewriteSpecifierCase()) {
      case HOST_REWRITE_LITERAL ->
          Optional.of(new HostRewrite.Literal(proto.getHostRewriteLiteral()));
      case HOST_REWRITE_HEADER -> {
        if (!HeaderName.isValid(proto.getHostRewriteHeader())) {
          scope
              .field("host_rewrite_header")
              .error("\"" + proto.getHostRewriteHeader() + "\"", "a header name");
          yield Optional.empty();
        }
        yield Optional.of(new HostRewrite.FromHeader(HeaderName.of(proto.getHostRewriteHeader())));
      }
      case HOSTREWRITESPECIFIER_NOT_SET -> Optional.of(new HostRewrite.None());
    };
  }
}
