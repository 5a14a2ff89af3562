package io.meltemi.proxy.http.filter.ratelimit;

import io.meltemi.proxy.route.RateLimit;
import io.meltemi.proxy.route.RateLimits;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.List;

/**
 * What a route says.
 *
 * @param domain empty for the chain's
 * @param own entries that count instead of those of routes and virtual hosts; empty for none
 */
record RateLimitRouteConfig(RateLimits.HostChoice host, String domain, List<RateLimit> own)
    implements RouteFilterConfig {
  static final RateLimitRouteConfig NONE =
      new RateLimitRouteConfig(RateLimits.HostChoice.OVERRIDE, "", List.of());

  RateLimitRouteConfig {
    own = List.copyOf(own);
  }
}
