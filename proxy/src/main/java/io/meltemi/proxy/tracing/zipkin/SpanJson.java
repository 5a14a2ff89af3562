package io.meltemi.proxy.tracing.zipkin;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.tracing.Ids;
import io.meltemi.proxy.tracing.Span;
import java.util.List;

/**
 * Spans as Zipkin's JSON of the second version has them. Any thread.
 *
 * @param service of this proxy
 * @param address of this proxy, without a port
 * @param shared whether a server's span is the span of the client that asks
 */
record SpanJson(String service, String address, boolean shared) {
  ByteString write(List<Span> spans) {
    StringBuilder out = new StringBuilder(1024 * spans.size());
    char before = '[';
    for (Span span : spans) {
      write(span, out.append(before));
      before = ',';
    }
    return ByteString.copyFromUtf8(out.append(']').toString());
  }

  private void write(Span span, StringBuilder out) {
    boolean server = span.kind() == Span.Kind.SERVER;
    long start = span.startEpochNanos() / 1000;
    long duration = Math.max(1, span.durationNanos() / 1000);
    out.append("{\"traceId\":\"").append(B3.traceId(span.context()));
    out.append("\",\"id\":\"").append(Ids.text(span.context().spanId()));
    if (span.context().parentId() != 0) {
      out.append("\",\"parentId\":\"").append(Ids.text(span.context().parentId()));
    }
    out.append("\",\"kind\":\"").append(server ? "SERVER" : "CLIENT").append("\",\"name\":");
    quote(span.operation(), out);
    out.append(",\"timestamp\":").append(start).append(",\"duration\":").append(duration);
    if (server && shared && span.hasRemoteParent()) {
      out.append(",\"shared\":true");
    }
    out.append(",\"localEndpoint\":{\"serviceName\":");
    quote(service, out);
    out.append(address.indexOf(':') < 0 ? ",\"ipv4\":" : ",\"ipv6\":");
    quote(address, out);
    out.append(",\"port\":0},\"annotations\":[");
    for (Span.Event event : span.events()) {
      annotation(event.epochNanos() / 1000, event.name(), out);
      out.append(',');
    }
    annotation(start + duration, server ? "ss" : "cr", out);
    out.append("],\"tags\":{");
    String comma = "";
    for (Span.Tag tag : span.tags()) {
      out.append(comma);
      quote(tag.key(), out);
      out.append(':');
      quote(tag.value(), out);
      comma = ",";
    }
    out.append("}}");
  }

  private static void annotation(long micros, String value, StringBuilder out) {
    out.append("{\"timestamp\":").append(micros).append(",\"value\":");
    quote(value, out);
    out.append('}');
  }

  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || c == 0x7F) {
        out.append("\\u00");
        out.append(Character.forDigit(c >> 4, 16)).append(Character.forDigit(c & 15, 16));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
