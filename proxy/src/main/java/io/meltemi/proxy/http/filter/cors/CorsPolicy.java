package io.meltemi.proxy.http.filter.cors;

import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.List;

/**
 * What a route allows to pages of other origins.
 *
 * @param origins any of which may match
 */
record CorsPolicy(List<StringMatcher> origins, Answers answers, Switches switches)
    implements RouteFilterConfig {
  CorsPolicy {
    origins = List.copyOf(origins);
  }

  /** Header values told to browsers; empty ones are not. */
  record Answers(
      String allowMethods,
      String allowHeaders,
      String exposeHeaders,
      String maxAge,
      boolean allowCredentials,
      boolean allowPrivateNetwork) {}

  /**
   * @param enabled share of the requests to which the policy applies
   * @param shadow share of the others whose origin is only counted
   * @param forwardNotMatching whether a preflight of an origin that is not allowed goes on to the
   *     upstream; else it is answered without permission
   */
  record Switches(Fraction enabled, Fraction shadow, boolean forwardNotMatching) {}

  /** Whether pages of the origin may use the answers. A matcher that takes {@code *} takes all. */
  boolean allows(String origin) {
    for (StringMatcher matcher : origins) {
      if (matcher.matches("*") || matcher.matches(origin)) {
        return true;
      }
    }
    return false;
  }
}
