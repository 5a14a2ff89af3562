package io.meltemi.proxy.tracing.datadog;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.tracing.Ids;
import io.meltemi.proxy.tracing.Span;
import io.meltemi.proxy.tracing.SpanBatch;
import io.meltemi.proxy.tracing.TraceContext;
import io.meltemi.proxy.tracing.Tracer;
import io.meltemi.proxy.tracing.W3cTrace;
import io.meltemi.proxy.tracing.datadog.DatadogTrace.Facts;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Spans whose context travels in Datadog's headers and in those of W3C, which are read in this
 * order. The agent is told of every trace; its priority says whether it is kept.
 */
record DatadogTracer(SpanBatch<DatadogTrace> batch) implements Tracer {
  private static final int KEPT = 1;
  private static final int DROPPED = 0;
  private static final int DROPPED_BY_USER = -1;
  private static final String DECIDER = "_dd.p.dm";
  private static final String NO_PARENT = "0000000000000000";
  private static final int TAGS_LENGTH_MAX = 512;

  @Override
  public Span start(LoopContext loop, HeaderBlock headers, Start start) {
    int trace = headers.find(DatadogTrace.TRACE_ID);
    int parent = headers.find(DatadogTrace.PARENT_ID);
    if (trace >= 0 && parent >= 0) {
      long low = unsigned(headers.value(trace));
      long id = unsigned(headers.value(parent));
      if (low != 0) {
        return ofDatadog(loop, headers, start, low, id);
      }
    } else if (headers.contains(W3cTrace.TRACEPARENT)) {
      TraceContext context = W3cTrace.parse(headers);
      if (context != null) {
        return ofW3c(loop, headers, start, context);
      }
    }
    return root(loop, start);
  }

  /** 0 when it is no such number. */
  private static long unsigned(String text) {
    try {
      return Long.parseUnsignedLong(text);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private Span root(LoopContext loop, Start start) {
    long id = TraceContext.id(loop);
    long high = loop.ticker().now().getEpochSecond() << 32;
    int priority = start.decided() ? KEPT : DROPPED_BY_USER;
    Map<String, String> tags = new LinkedHashMap<>();
    tags.put(DatadogTrace.HIGH, Ids.text(high));
    if (priority > 0) {
      tags.put(DECIDER, "-0");
    }
    return span(
        loop,
        start,
        new TraceContext(high, id, id, 0, priority > 0),
        new Facts(priority, true, "", tags, "", ""),
        false);
  }

  private Span ofDatadog(
      LoopContext loop, HeaderBlock headers, Start start, long low, long parent) {
    Map<String, String> tags = tags(headers.get(DatadogTrace.TAGS));
    String high = tags.getOrDefault(DatadogTrace.HIGH, "");
    int told = headers.find(DatadogTrace.PRIORITY);
    int priority = start.decided() ? KEPT : DROPPED_BY_USER;
    if (told >= 0) {
      priority = priority(headers.value(told), priority);
    }
    String origin = headers.get(DatadogTrace.ORIGIN);
    return span(
        loop,
        start,
        new TraceContext(high(high), low, TraceContext.id(loop), parent, priority > 0),
        new Facts(priority, told < 0, origin == null ? "" : origin, tags, "", ""),
        true);
  }

  private static long high(String hex) {
    byte[] digits = hex.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    return digits.length == 16 && Ids.isHex(digits, 0, 16) ? Ids.parse(digits, 0, 16) : 0;
  }

  private static int priority(String text, int otherwise) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  /**
   * {@code _dd.p.name=value} behind commas; others, and all when they are too long, are dropped.
   */
  private static Map<String, String> tags(@org.jspecify.annotations.Nullable String all) {
    Map<String, String> tags = new LinkedHashMap<>();
    if (all == null || all.length() > TAGS_LENGTH_MAX) {
      return tags;
    }
    for (String pair : all.split(",", -1)) {
      int equals = pair.indexOf('=');
      if (equals > DatadogTrace.TRAVELS.length() && pair.startsWith(DatadogTrace.TRAVELS)) {
        tags.put(pair.substring(0, equals), pair.substring(equals + 1));
      }
    }
    return tags;
  }

  private Span ofW3c(LoopContext loop, HeaderBlock headers, Start start, TraceContext parent) {
    String origin = "";
    String parentMark = NO_PARENT;
    int priority = parent.sampled() ? KEPT : DROPPED;
    Map<String, String> tags = new LinkedHashMap<>();
    tags.put(DatadogTrace.HIGH, Ids.text(parent.traceHigh()));
    StringBuilder others = new StringBuilder();
    for (String member : W3cTrace.state(headers).split(",", -1)) {
      String text = member.strip();
      if (!text.startsWith("dd=")) {
        others.append(others.isEmpty() || text.isEmpty() ? "" : ",").append(text);
        continue;
      }
      for (String field : text.substring(3).split(";", -1)) {
        int colon = field.indexOf(':');
        String key = colon < 0 ? "" : field.substring(0, colon);
        String value = field.substring(colon + 1);
        switch (key) {
          case "s" -> {
            int said = priority(value, priority);
            // the flag of traceparent has the last word on whether it is kept
            priority = said > 0 == parent.sampled() ? said : priority;
          }
          case "o" -> origin = value;
          case "p" -> parentMark = value;
          default -> {
            if (key.startsWith("t.")) {
              tags.put(DatadogTrace.TRAVELS + key.substring(2), value.replace('~', '='));
            }
          }
        }
      }
    }
    return span(
        loop,
        start,
        parent.child(loop),
        new Facts(priority, false, origin, tags, parentMark, others.toString()),
        true);
  }

  private Span span(
      LoopContext loop, Start start, TraceContext context, Facts facts, boolean remoteParent) {
    DatadogTrace trace = new DatadogTrace(batch, facts);
    Span first = Span.first(loop, new Span.Trace(trace, trace, true), context, remoteParent, start);
    trace.first(first);
    return first;
  }
}
