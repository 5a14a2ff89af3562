package io.meltemi.proxy.tracing.zipkin;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.tracing.Span;
import io.meltemi.proxy.tracing.SpanBatch;
import io.meltemi.proxy.tracing.SpanSink;
import io.meltemi.proxy.tracing.TraceContext;
import io.meltemi.proxy.tracing.Tracer;
import io.meltemi.proxy.tracing.W3cTrace;
import org.jspecify.annotations.Nullable;

/** Spans whose context travels as B3 has it, and that are called after the host asked for. */
final class ZipkinTracer implements Tracer, SpanSink {
  /**
   * @param longIds whether new traces have ids of 128 bits
   * @param shared whether a server's span is the span of the client that asks
   * @param w3c whether the headers of W3C are read where there are none of B3, and written
   */
  record Options(boolean longIds, boolean shared, boolean w3c) {}

  private final SpanBatch<Span> batch;
  private final Options options;
  private final B3 several;
  private final B3 single;

  ZipkinTracer(SpanBatch<Span> batch, Options options) {
    this.batch = batch;
    this.options = options;
    several = new B3(false, options.w3c());
    single = new B3(true, options.w3c());
  }

  @Override
  public @Nullable Span start(LoopContext loop, HeaderBlock headers, Start start) {
    B3 form = headers.contains(B3.SINGLE) ? single : several;
    return switch (B3.read(headers, start.decided())) {
      case B3.Told.Malformed() -> null;
      case B3.Told.Nothing(boolean sampled) -> {
        if (options.w3c() && headers.contains(W3cTrace.TRACEPARENT)) {
          TraceContext parent = W3cTrace.parse(headers);
          yield parent == null ? null : joined(loop, headers, start, form, parent);
        }
        long id = TraceContext.id(loop);
        yield first(
            loop,
            headers,
            start,
            form,
            new TraceContext(options.longIds() ? loop.random() : 0, id, id, 0, sampled),
            false);
      }
      case B3.Told.Parent(TraceContext parent) -> joined(loop, headers, start, form, parent);
    };
  }

  private Span joined(
      LoopContext loop, HeaderBlock headers, Start start, B3 form, TraceContext parent) {
    boolean same = options.shared() && start.kind() == Span.Kind.SERVER;
    return first(loop, headers, start, form, same ? parent : parent.child(loop), true);
  }

  private Span first(
      LoopContext loop,
      HeaderBlock headers,
      Start start,
      B3 form,
      TraceContext context,
      boolean remoteParent) {
    String host = headers.get(HeaderName.AUTHORITY);
    return Span.first(
        loop,
        new Span.Trace(form, this, context.sampled()),
        context,
        remoteParent,
        new Start(host == null ? "" : host, start.kind(), start.nanos(), start.decided()));
  }

  @Override
  public void ended(Span span) {
    if (span.context().sampled()) {
      batch.add(span.loop(), span);
    }
  }
}
