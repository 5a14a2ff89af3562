package io.meltemi.proxy.http;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.envoyproxy.envoy.config.route.v3.FilterConfig;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.route.RouteFilterConfigParser;
import io.meltemi.proxy.route.RouteFilterConfigs;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The HTTP filters that this proxy has, by the type URLs of their configurations. Immutable. */
public final class HttpFilters implements RouteFilterConfigParser {
  private static final String FILTER_CONFIG =
      "type.googleapis.com/envoy.config.route.v3.FilterConfig";

  private final Map<String, HttpFilterFactory> byType = new HashMap<>();
  private final Map<String, HttpFilterFactory> byRouteType = new HashMap<>();

  public HttpFilters(List<HttpFilterFactory> factories) {
    for (HttpFilterFactory factory : factories) {
      factory.typeUrls().forEach(url -> byType.put(url, factory));
      factory.routeTypeUrls().forEach(url -> byRouteType.put(url, factory));
    }
  }

  Optional<HttpFilterFactory> byTypeUrl(String typeUrl) {
    return Optional.ofNullable(byType.get(typeUrl));
  }

  @Override
  public Optional<RouteFilterConfig> parse(String filterName, Any config, ParseScope scope) {
    if (config.getTypeUrl().equals(FILTER_CONFIG)) {
      return unwrap(filterName, config, scope);
    }
    HttpFilterFactory factory = byRouteType.get(config.getTypeUrl());
    if (factory == null) {
      scope.unsupported(filterName + " " + config.getTypeUrl());
      return Optional.empty();
    }
    return factory.parseRoute(config, scope);
  }

  private Optional<RouteFilterConfig> unwrap(String filterName, Any config, ParseScope scope) {
    try {
      FilterConfig wrapper = MessageTypes.unpack(config, FilterConfig.class);
      if (wrapper.getDisabled()) {
        return Optional.of(new RouteFilterConfigs.Switch(false));
      }
      if (!wrapper.hasConfig()) {
        scope.field("config").error("nothing", "a configuration, or an empty one that enables");
        return Optional.empty();
      }
      if (wrapper.getConfig().getTypeUrl().isEmpty()) {
        return Optional.of(new RouteFilterConfigs.Switch(true));
      }
      if (wrapper.getIsOptional() && !byRouteType.containsKey(wrapper.getConfig().getTypeUrl())) {
        scope.warn(
            wrapper.getConfig().getTypeUrl(),
            "a filter of this proxy; it is optional and left out");
        return Optional.empty();
      }
      return parse(filterName, wrapper.getConfig(), scope.field("config"));
    } catch (InvalidProtocolBufferException e) {
      scope.error(config.getTypeUrl(), "a well-formed FilterConfig: " + e.getMessage());
      return Optional.empty();
    }
  }
}
