package io.meltemi.proxy.tracing.opentelemetry;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.tracing.Span;
import io.meltemi.proxy.tracing.SpanBatch;
import io.meltemi.proxy.tracing.SpanSink;
import io.meltemi.proxy.tracing.TraceContext;
import io.meltemi.proxy.tracing.Tracer;
import io.meltemi.proxy.tracing.W3cTrace;
import org.jspecify.annotations.Nullable;

/**
 * Spans whose context travels as W3C has it.
 *
 * @param always whether all spans are sampled, whatever was decided here or before
 */
record OpenTelemetryTracer(SpanBatch<Span> batch, boolean always) implements Tracer, SpanSink {
  private static final W3cTrace NO_STATE = new W3cTrace("");

  @Override
  public @Nullable Span start(LoopContext loop, HeaderBlock headers, Start start) {
    if (!headers.contains(W3cTrace.TRACEPARENT)) {
      boolean sampled = always || start.decided();
      TraceContext root =
          new TraceContext(loop.random(), TraceContext.id(loop), TraceContext.id(loop), 0, sampled);
      return Span.first(loop, new Span.Trace(NO_STATE, this, sampled), root, false, start);
    }
    TraceContext parent = W3cTrace.parse(headers);
    if (parent == null) {
      return null;
    }
    String state = W3cTrace.state(headers);
    boolean sampled = always || parent.sampled();
    TraceContext child = parent.child(loop);
    return Span.first(
        loop,
        new Span.Trace(state.isEmpty() ? NO_STATE : new W3cTrace(state), this, sampled),
        new TraceContext(
            child.traceHigh(), child.traceLow(), child.spanId(), child.parentId(), sampled),
        true,
        start);
  }

  @Override
  public void ended(Span span) {
    if (span.context().sampled()) {
      batch.add(span.loop(), span);
    }
  }
}
