package io.meltemi.proxy.tracing;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.LoopContext;
import org.jspecify.annotations.Nullable;

/** Makes the spans of one connection manager. Any event loop. */
public interface Tracer {
  /**
   * A request's first span here.
   *
   * @param operation its name unless something else names it
   * @param nanos when the request began, {@code Ticker.nanos()}
   * @param decided whether this proxy would trace the request; a trace that comes in decides itself
   */
  record Start(String operation, Span.Kind kind, long nanos, boolean decided) {}

  /**
   * Starts the span of a request.
   *
   * @param headers of the request, where a trace may come in
   * @return null when the trace that comes in cannot be read: there is no span then, and the
   *     headers go on as they are
   */
  @Nullable Span start(LoopContext loop, HeaderBlock headers, Start start);
}
