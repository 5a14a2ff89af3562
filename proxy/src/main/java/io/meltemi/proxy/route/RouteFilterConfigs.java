package io.meltemi.proxy.route;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Per-filter configurations in force for a route: the most specific of weighted cluster, route,
 * virtual host and table, merged when parsed.
 *
 * @param byFilter filter name to its configuration
 */
public record RouteFilterConfigs(Map<String, RouteFilterConfig> byFilter) {
  public static final RouteFilterConfigs NONE = new RouteFilterConfigs(Map.of());

  public RouteFilterConfigs {
    byFilter = Map.copyOf(byFilter);
  }

  /** The configuration for a filter; null when the route says nothing to it. */
  public @Nullable RouteFilterConfig get(String filterName) {
    return byFilter.get(filterName);
  }

  /** These entries laid over the less specific ones. */
  public RouteFilterConfigs over(RouteFilterConfigs lessSpecific) {
    if (lessSpecific.byFilter.isEmpty()) {
      return this;
    }
    if (byFilter.isEmpty()) {
      return lessSpecific;
    }
    Map<String, RouteFilterConfig> merged = new LinkedHashMap<>(lessSpecific.byFilter);
    merged.putAll(byFilter);
    return new RouteFilterConfigs(merged);
  }
}
