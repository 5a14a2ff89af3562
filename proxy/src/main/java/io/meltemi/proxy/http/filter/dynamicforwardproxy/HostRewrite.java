package io.meltemi.proxy.http.filter.dynamicforwardproxy;

import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.route.RouteFilterConfig;

/** Where a route's requests go instead of to the host they name. */
sealed interface HostRewrite extends RouteFilterConfig {
  /** The request's own host. */
  record None() implements HostRewrite {}

  record Literal(String host) implements HostRewrite {}

  /** What a header says, where it is there. */
  record FromHeader(HeaderName name) implements HostRewrite {}
}
