package io.meltemi.proxy.tracing;

import io.meltemi.proxy.telemetry.Formatter;
import java.util.List;
import java.util.Optional;

/**
 * What a route says of tracing ({@code route.v3.Tracing}).
 *
 * @param tags in place of those of the connection manager that have the same name
 */
public record RouteTracing(
    Sampling sampling,
    List<CustomTag> tags,
    Optional<Formatter> operation,
    Optional<Formatter> upstreamOperation) {
  public RouteTracing {
    tags = List.copyOf(tags);
  }
}
