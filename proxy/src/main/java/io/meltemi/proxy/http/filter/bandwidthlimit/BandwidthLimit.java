package io.meltemi.proxy.http.filter.bandwidthlimit;

import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.Histogram;
import io.meltemi.proxy.telemetry.StatScope;

/**
 * Of a chain or of a route; all its streams share it.
 *
 * @param bucket both directions draw from one
 * @param fillNanos between two pieces
 */
record BandwidthLimit(
    Direction request, Direction response, ByteBucket bucket, long fillNanos, Trailers trailers)
    implements HttpFilterConfig, RouteFilterConfig {

  @Override
  public HttpFilter newFilter(HttpFilterContext context) {
    return new BandwidthLimitFilter(this, context);
  }

  /** How a response tells what its stream waited, in milliseconds. */
  record Trailers(
      boolean enabled,
      HeaderName request,
      HeaderName requestFilter,
      HeaderName response,
      HeaderName responseFilter) {
    static Trailers named(boolean enabled, String prefix) {
      return new Trailers(
          enabled,
          HeaderName.of(prefix + "bandwidth-request-delay-ms"),
          HeaderName.of(prefix + "bandwidth-request-filter-delay-ms"),
          HeaderName.of(prefix + "bandwidth-response-delay-ms"),
          HeaderName.of(prefix + "bandwidth-response-filter-delay-ms"));
    }
  }

  /** Whether what goes one way is slowed down, and its numbers. */
  record Direction(boolean limited, Numbers numbers) {}

  /** The numbers of one direction. */
  record Numbers(
      Counter enabled,
      Counter enforced,
      Gauge pending,
      Gauge incomingSize,
      Counter incomingTotalSize,
      Gauge allowedSize,
      Counter allowedTotalSize,
      Histogram transferMs) {
    static Numbers in(StatScope scope, String direction) {
      return new Numbers(
          scope.counter(direction + "_enabled"),
          scope.counter(direction + "_enforced"),
          scope.gauge(direction + "_pending"),
          scope.gauge(direction + "_incoming_size"),
          scope.counter(direction + "_incoming_total_size"),
          scope.gauge(direction + "_allowed_size"),
          scope.counter(direction + "_allowed_total_size"),
          scope.histogram(direction + "_transfer_duration"));
    }
  }
}
