package io.meltemi.proxy.http.filter.fault;

import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.List;
import java.util.Optional;

/**
 * Which faults befall which requests; of a chain or of one route, which then counts alone.
 *
 * @param conditions what a request must be to be considered
 * @param activeMax how many requests may be delayed or aborted at a time
 */
record FaultConfig(
    Optional<Delay> delay, Optional<Abort> abort, Conditions conditions, long activeMax)
    implements HttpFilterConfig, RouteFilterConfig {

  /**
   * @param nanos more than 0
   */
  record Delay(long nanos, Fraction share) {}

  /**
   * @param httpStatus 200 when a gRPC status is given
   * @param grpcStatus -1 for none
   */
  record Abort(int httpStatus, int grpcStatus, Fraction share) {}

  /**
   * Every part must hold.
   *
   * @param upstreamCluster the route's cluster; empty for any
   * @param downstreamNodes values of {@code x-envoy-downstream-service-node}; empty for any
   */
  record Conditions(
      String upstreamCluster, List<String> downstreamNodes, List<HeaderMatcher> headers) {

    Conditions {
      downstreamNodes = List.copyOf(downstreamNodes);
      headers = List.copyOf(headers);
    }
  }

  @Override
  public HttpFilter newFilter(HttpFilterContext context) {
    return new FaultFilter(this, context);
  }
}
