package io.meltemi.proxy.tracing.zipkin;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.tracing.Ids;
import io.meltemi.proxy.tracing.Propagation;
import io.meltemi.proxy.tracing.Span;
import io.meltemi.proxy.tracing.TraceContext;
import io.meltemi.proxy.tracing.W3cTrace;
import java.nio.charset.StandardCharsets;

/**
 * The headers of <a href="https://github.com/openzipkin/b3-propagation">B3</a>, in one or in
 * several as they came.
 *
 * @param single whether the context stands in one header
 * @param w3c whether {@code traceparent} is written as well
 */
record B3(boolean single, boolean w3c) implements Propagation {
  static final HeaderName SINGLE = HeaderName.of("b3");
  private static final HeaderName TRACE_ID = HeaderName.of("x-b3-traceid");
  private static final HeaderName SPAN_ID = HeaderName.of("x-b3-spanid");
  private static final HeaderName PARENT_ID = HeaderName.of("x-b3-parentspanid");
  private static final HeaderName SAMPLED = HeaderName.of("x-b3-sampled");
  private static final HeaderName FLAGS = HeaderName.of("x-b3-flags");
  private static final byte[] YES = {'1'};
  private static final byte[] NO = {'0'};
  private static final byte[] TRUE = "true".getBytes(StandardCharsets.US_ASCII);

  /** What a request says. */
  sealed interface Told {
    /** No trace; perhaps whether a new one is to be sampled. */
    record Nothing(boolean sampled) implements Told {}

    /** What cannot be read. */
    record Malformed() implements Told {}

    record Parent(TraceContext context) implements Told {}
  }

  /**
   * @param otherwise whether to sample where the request says nothing of it
   */
  static Told read(HeaderBlock headers, boolean otherwise) {
    int one = headers.find(SINGLE);
    if (one >= 0) {
      return readSingle(headers.value(one), otherwise);
    }
    boolean sampled = sampled(headers, otherwise);
    int trace = headers.find(TRACE_ID);
    int span = headers.find(SPAN_ID);
    if (trace < 0 || span < 0) {
      return new Told.Nothing(sampled);
    }
    int parent = headers.find(PARENT_ID);
    return parent(
        headers.value(trace),
        headers.value(span),
        parent < 0 ? "" : headers.value(parent),
        sampled);
  }

  private static boolean sampled(HeaderBlock headers, boolean otherwise) {
    int sampled = headers.find(SAMPLED);
    if (sampled >= 0) {
      return headers.valueEquals(sampled, YES) || headers.valueEquals(sampled, TRUE);
    }
    int flags = headers.find(FLAGS);
    return (flags >= 0 && headers.valueEquals(flags, YES)) || otherwise;
  }

  /**
   * {@code trace-span}, {@code trace-span-flag}, {@code trace-span-flag-parent} or a flag alone.
   */
  private static Told readSingle(String value, boolean otherwise) {
    String[] parts = value.split("-", -1);
    if (parts.length == 1) {
      return switch (value) {
        case "0" -> new Told.Nothing(false);
        case "1", "d" -> new Told.Nothing(true);
        default -> new Told.Malformed();
      };
    }
    if (parts.length > 4) {
      return new Told.Malformed();
    }
    String flag = parts.length > 2 ? parts[2] : "";
    // a third part may be the parent's id where no flag is
    boolean noFlag = parts.length == 3 && flag.length() == 16;
    boolean sampled = otherwise;
    if (parts.length > 2 && !noFlag) {
      switch (flag) {
        case "0" -> sampled = false;
        case "1", "d" -> sampled = true;
        default -> {
          return new Told.Malformed();
        }
      }
    }
    return parent(parts[0], parts[1], parts.length == 4 ? parts[3] : noFlag ? flag : "", sampled);
  }

  private static Told parent(String trace, String span, String parent, boolean sampled) {
    boolean isLong = trace.length() == 32;
    if ((!isLong && trace.length() != 16)
        || span.length() != 16
        || (!parent.isEmpty() && parent.length() != 16)
        || !isHex(trace)
        || !isHex(span)
        || !isHex(parent)) {
      return new Told.Malformed();
    }
    return new Told.Parent(
        new TraceContext(
            isLong ? number(trace.substring(0, 16)) : 0,
            number(isLong ? trace.substring(16) : trace),
            number(span),
            parent.isEmpty() ? 0 : number(parent),
            sampled));
  }

  private static boolean isHex(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    return Ids.isHex(bytes, 0, bytes.length);
  }

  private static long number(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    return Ids.parse(bytes, 0, bytes.length);
  }

  static String traceId(TraceContext context) {
    return context.traceHigh() == 0
        ? Ids.text(context.traceLow())
        : Ids.text(context.traceHigh()) + Ids.text(context.traceLow());
  }

  @Override
  public void write(Span span, HeaderBlock headers) {
    TraceContext context = span.context();
    if (single) {
      headers.set(
          SINGLE,
          traceId(context)
              + "-"
              + Ids.text(context.spanId())
              + (context.sampled() ? "-1" : "-0")
              + (context.parentId() == 0 ? "" : "-" + Ids.text(context.parentId())));
    } else {
      headers.set(TRACE_ID, traceId(context));
      headers.set(SPAN_ID, Ids.text(context.spanId()));
      if (context.parentId() != 0) {
        headers.set(PARENT_ID, Ids.text(context.parentId()));
      }
      headers.set(SAMPLED, context.sampled() ? YES : NO);
    }
    if (w3c) {
      W3cTrace.writeParent(context, headers);
    }
  }
}
