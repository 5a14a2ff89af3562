package io.meltemi.proxy.tracing;

import io.meltemi.proxy.telemetry.Formatter;
import java.util.List;
import java.util.Optional;

/**
 * What a connection manager says of tracing ({@code HttpConnectionManager.Tracing}).
 *
 * @param spans what is made of a request
 * @param names what spans are called; without a format by what they are
 * @param self who speaks
 */
public record TracingSettings(
    Tracer tracer, Sampling sampling, Spans spans, List<CustomTag> tags, Names names, Self self) {
  public TracingSettings {
    tags = List.copyOf(tags);
  }

  /**
   * @param ofTries whether each try gets a span of its own
   * @param verbose whether moments of the stream are told
   * @param pathBytesMax so much of the path stands in {@code http.url}
   * @param propagated whether the context is written to requests that go on
   */
  public record Spans(boolean ofTries, boolean verbose, int pathBytesMax, boolean propagated) {}

  /**
   * This proxy.
   *
   * @param node its id; may be empty
   * @param zone where it runs; may be empty
   */
  public record Self(String node, String zone) {}

  /**
   * @param operation of the request's span
   * @param upstreamOperation of a try's span
   */
  public record Names(Optional<Formatter> operation, Optional<Formatter> upstreamOperation) {}
}
