package io.meltemi.proxy.tracing.datadog;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.tracing.Ids;
import io.meltemi.proxy.tracing.Propagation;
import io.meltemi.proxy.tracing.Span;
import io.meltemi.proxy.tracing.SpanBatch;
import io.meltemi.proxy.tracing.SpanSink;
import io.meltemi.proxy.tracing.TraceContext;
import io.meltemi.proxy.tracing.W3cTrace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The spans of one trace at this proxy, which go together when its first span has ended. */
final class DatadogTrace implements Propagation, SpanSink {
  static final HeaderName TRACE_ID = HeaderName.of("x-datadog-trace-id");
  static final HeaderName PARENT_ID = HeaderName.of("x-datadog-parent-id");
  static final HeaderName PRIORITY = HeaderName.of("x-datadog-sampling-priority");
  static final HeaderName ORIGIN = HeaderName.of("x-datadog-origin");
  static final HeaderName TAGS = HeaderName.of("x-datadog-tags");

  /** Begins the names of tags that travel with a trace. */
  static final String TRAVELS = "_dd.p.";

  /** First half of a long trace's id, as a tag. */
  static final String HIGH = "_dd.p.tid";

  /**
   * What a trace came with, or was given here.
   *
   * @param priority above 0 for a trace that is kept
   * @param decidedHere whether the priority is this proxy's decision
   * @param origin may be empty
   * @param tags that travel with the trace, in their order
   * @param parentMark what the last tracer of Datadog's wrote for a parent; empty for nothing
   * @param otherState {@code tracestate} of other tracers; may be empty
   */
  record Facts(
      int priority,
      boolean decidedHere,
      String origin,
      Map<String, String> tags,
      String parentMark,
      String otherState) {}

  private final SpanBatch<DatadogTrace> batch;
  private final Facts facts;
  private final List<Span> spans = new ArrayList<>(2);
  private long firstId;

  DatadogTrace(SpanBatch<DatadogTrace> batch, Facts facts) {
    this.batch = batch;
    this.facts = facts;
  }

  Facts facts() {
    return facts;
  }

  /** The first one is the request's. */
  List<Span> spans() {
    return spans;
  }

  /** Tells which span is the request's. */
  void first(Span span) {
    firstId = span.context().spanId();
  }

  /** The request's span ends last. */
  @Override
  public void ended(Span span) {
    if (span.context().spanId() == firstId) {
      spans.addFirst(span);
      batch.add(span.loop(), this);
    } else {
      spans.add(span);
    }
  }

  @Override
  public void write(Span span, HeaderBlock headers) {
    TraceContext context = span.context();
    headers.set(TRACE_ID, Long.toUnsignedString(context.traceLow()));
    headers.set(PARENT_ID, Long.toUnsignedString(context.spanId()));
    headers.set(PRIORITY, Integer.toString(facts.priority()));
    if (!facts.origin().isEmpty()) {
      headers.set(ORIGIN, facts.origin());
    }
    if (!facts.tags().isEmpty()) {
      StringBuilder tags = new StringBuilder();
      facts
          .tags()
          .forEach(
              (key, value) ->
                  tags.append(tags.isEmpty() ? "" : ",").append(key).append('=').append(value));
      headers.set(TAGS, tags.toString());
    }
    W3cTrace.writeParent(context, headers);
    headers.set(W3cTrace.TRACESTATE, state(context));
  }

  private String state(TraceContext context) {
    StringBuilder state = new StringBuilder("dd=s:").append(facts.priority());
    state.append(";p:").append(Ids.text(context.spanId()));
    if (!facts.origin().isEmpty()) {
      state.append(";o:").append(facts.origin());
    }
    facts
        .tags()
        .forEach(
            (key, value) -> {
              if (!key.equals(HIGH)) {
                state.append(";t.").append(key.substring(TRAVELS.length()));
                state.append(':').append(value.replace('=', '~'));
              }
            });
    return facts.otherState().isEmpty()
        ? state.toString()
        : state.append(',').append(facts.otherState()).toString();
  }
}
