package io.meltemi.proxy.route;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Per-filter configurations in force for a route: the most specific of weighted cluster, route,
 * virtual host and table, merged when parsed.
 *
 * @param byFilter filter name to its configuration
 * @param switches filter name to whether the filter runs here; what the chain says holds for others
 * @param rateLimits what all filters that limit rates look at
 */
public record RouteFilterConfigs(
    Map<String, RouteFilterConfig> byFilter, Map<String, Boolean> switches, RateLimits rateLimits) {
  public static final RouteFilterConfigs NONE =
      new RouteFilterConfigs(Map.of(), Map.of(), RateLimits.NONE);

  /**
   * Says of a filter only that it runs or does not, as an entry of type {@code FilterConfig} with
   * {@code disabled} or an empty {@code config}; a configuration of a less specific place holds.
   */
  public record Switch(boolean enabled) implements RouteFilterConfig {}

  public RouteFilterConfigs {
    byFilter = Map.copyOf(byFilter);
    switches = Map.copyOf(switches);
  }

  /** Of one place: who is configured there runs there, as in Envoy. */
  static RouteFilterConfigs of(Map<String, RouteFilterConfig> entries, RateLimits rateLimits) {
    if (entries.isEmpty() && rateLimits.isEmpty() && !rateLimits.includesHost()) {
      return NONE;
    }
    Map<String, RouteFilterConfig> configs = new LinkedHashMap<>();
    Map<String, Boolean> switches = new HashMap<>();
    entries.forEach(
        (name, config) -> {
          if (config instanceof Switch(boolean enabled)) {
            switches.put(name, enabled);
          } else {
            configs.put(name, config);
            switches.put(name, true);
          }
        });
    return new RouteFilterConfigs(configs, switches, rateLimits);
  }

  /** The configuration for a filter; null when the route says nothing to it. */
  public @Nullable RouteFilterConfig get(String filterName) {
    return byFilter.get(filterName);
  }

  /** Whether a filter runs, by what the chain says of it. */
  public boolean isEnabled(String filterName, boolean inChain) {
    return switches.getOrDefault(filterName, inChain);
  }

  private boolean isEmpty() {
    return switches.isEmpty() && rateLimits.isEmpty() && !rateLimits.includesHost();
  }

  /** These entries laid over the less specific ones. */
  public RouteFilterConfigs over(RouteFilterConfigs lessSpecific) {
    if (lessSpecific.isEmpty()) {
      return this;
    }
    if (isEmpty()) {
      return lessSpecific;
    }
    Map<String, RouteFilterConfig> merged = new LinkedHashMap<>(lessSpecific.byFilter);
    byFilter.forEach((name, config) -> merged.merge(name, config, (less, own) -> own.over(less)));
    Map<String, Boolean> mergedSwitches = new HashMap<>(lessSpecific.switches);
    mergedSwitches.putAll(switches);
    return new RouteFilterConfigs(merged, mergedSwitches, rateLimits.over(lessSpecific.rateLimits));
  }
}
