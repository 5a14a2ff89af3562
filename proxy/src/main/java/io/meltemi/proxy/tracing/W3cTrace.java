package io.meltemi.proxy.tracing;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import org.jspecify.annotations.Nullable;

/**
 * The headers of <a href="https://www.w3.org/TR/trace-context/">W3C Trace Context</a>.
 *
 * @param state of other tracers, passed on as it came; may be empty
 */
public record W3cTrace(String state) implements Propagation {
  public static final HeaderName TRACEPARENT = HeaderName.of("traceparent");
  public static final HeaderName TRACESTATE = HeaderName.of("tracestate");
  private static final int LENGTH = 55;
  private static final int TRACE_AT = 3;
  private static final int SPAN_AT = 36;
  private static final int FLAGS_AT = 53;

  /** A parent's context, from a header that is there; null when it cannot be read. */
  public static @Nullable TraceContext parse(HeaderBlock headers) {
    int index = headers.find(TRACEPARENT);
    byte[] bytes = headers.array();
    int start = headers.valueStart(index);
    if (headers.valueLength(index) != LENGTH
        || bytes[start + 2] != '-'
        || bytes[start + SPAN_AT - 1] != '-'
        || bytes[start + FLAGS_AT - 1] != '-'
        || !Ids.isHex(bytes, start, 2)
        || !Ids.isHex(bytes, start + TRACE_AT, 32)
        || !Ids.isHex(bytes, start + SPAN_AT, 16)
        || !Ids.isHex(bytes, start + FLAGS_AT, 2)) {
      return null;
    }
    long high = Ids.parse(bytes, start + TRACE_AT, 16);
    long low = Ids.parse(bytes, start + TRACE_AT + 16, 16);
    long span = Ids.parse(bytes, start + SPAN_AT, 16);
    if ((high == 0 && low == 0) || span == 0) {
      return null;
    }
    return new TraceContext(high, low, span, 0, (Ids.parse(bytes, start + FLAGS_AT, 2) & 1) != 0);
  }

  /** All of {@code tracestate}, its lines joined; empty for none. */
  public static String state(HeaderBlock headers) {
    int index = headers.find(TRACESTATE);
    if (index < 0) {
      return "";
    }
    String all = headers.value(index);
    for (int next = headers.findNext(TRACESTATE, index);
        next >= 0;
        next = headers.findNext(TRACESTATE, next)) {
      all = all + "," + headers.value(next);
    }
    return all;
  }

  /** Writes {@code traceparent} alone. */
  public static void writeParent(TraceContext context, HeaderBlock headers) {
    byte[] text = new byte[LENGTH];
    text[0] = '0';
    text[1] = '0';
    text[2] = '-';
    Ids.write(context.traceHigh(), text, TRACE_AT);
    Ids.write(context.traceLow(), text, TRACE_AT + 16);
    text[SPAN_AT - 1] = '-';
    Ids.write(context.spanId(), text, SPAN_AT);
    text[FLAGS_AT - 1] = '-';
    text[FLAGS_AT] = '0';
    text[FLAGS_AT + 1] = (byte) (context.sampled() ? '1' : '0');
    headers.set(TRACEPARENT, text);
  }

  /** As in Envoy there is a {@code tracestate} even when it says nothing. */
  @Override
  public void write(Span span, HeaderBlock headers) {
    writeParent(span.context(), headers);
    headers.set(TRACESTATE, state);
  }
}
