package io.meltemi.proxy.route;

import java.util.List;

/**
 * What a route and its virtual host ask rate limiters to count ({@code rate_limits}).
 *
 * @param ofRoute of the route's action
 * @param ofHost of the virtual host
 * @param includesHost whether the route counts for its virtual host too
 */
public record RateLimits(List<RateLimit> ofRoute, List<RateLimit> ofHost, boolean includesHost) {
  public static final RateLimits NONE = new RateLimits(List.of(), List.of(), false);

  /** When those of the virtual host count besides or instead of the route's. */
  public enum HostChoice {
    /** Where the route has none. */
    OVERRIDE,
    INCLUDE,
    IGNORE
  }

  public RateLimits {
    ofRoute = List.copyOf(ofRoute);
    ofHost = List.copyOf(ofHost);
  }

  boolean isEmpty() {
    return ofRoute.isEmpty() && ofHost.isEmpty();
  }

  RateLimits over(RateLimits lessSpecific) {
    return new RateLimits(
        ofRoute.isEmpty() ? lessSpecific.ofRoute : ofRoute,
        ofHost.isEmpty() ? lessSpecific.ofHost : ofHost,
        includesHost || lessSpecific.includesHost);
  }

  /** Adds a descriptor for each entry of the stage that has one for the request. */
  public void describe(
      HostChoice choice, int stage, RateLimit.Facts facts, List<RateLimitDescriptor> out) {
    RateLimit.describe(ofRoute, stage, facts, out);
    HostChoice made = includesHost ? HostChoice.INCLUDE : choice;
    boolean host =
        switch (made) {
          case OVERRIDE -> ofRoute.isEmpty();
          case INCLUDE -> true;
          case IGNORE -> false;
        };
    if (host) {
      RateLimit.describe(ofHost, stage, facts, out);
    }
  }
}
