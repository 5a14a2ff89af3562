package io.meltemi.proxy.tracing.opentelemetry;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.tracing.Span;
import io.meltemi.proxy.tracing.TraceContext;
import io.meltemi.proxy.tracing.W3cTrace;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span.SpanKind;
import io.opentelemetry.proto.trace.v1.Status;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/** Spans as OTLP has them. Any thread. */
final class SpanMessages {
  /** The two bits that say whether the parent is of another process. */
  private static final int REMOTE_KNOWN = 0x100;

  private static final int REMOTE = 0x200;

  private final Resource resource;
  private final InstrumentationScope scope;

  /**
   * @param attributes of the resource that all spans come from
   */
  SpanMessages(Map<String, String> attributes, String version) {
    Resource.Builder made = Resource.newBuilder();
    attributes.forEach((key, value) -> made.addAttributes(attribute(key, value)));
    resource = made.build();
    scope = InstrumentationScope.newBuilder().setName("envoy").setVersion(version).build();
  }

  ExportTraceServiceRequest export(List<Span> spans) {
    ScopeSpans.Builder all = ScopeSpans.newBuilder().setScope(scope);
    for (Span span : spans) {
      all.addSpans(message(span));
    }
    return ExportTraceServiceRequest.newBuilder()
        .addResourceSpans(ResourceSpans.newBuilder().setResource(resource).addScopeSpans(all))
        .build();
  }

  private static io.opentelemetry.proto.trace.v1.Span message(Span span) {
    TraceContext context = span.context();
    long start = span.startEpochNanos();
    io.opentelemetry.proto.trace.v1.Span.Builder message =
        io.opentelemetry.proto.trace.v1.Span.newBuilder()
            .setTraceId(bytes(context.traceHigh(), context.traceLow()))
            .setSpanId(bytes(context.spanId()))
            .setName(span.operation())
            .setKind(
                switch (span.kind()) {
                  case SERVER -> SpanKind.SPAN_KIND_SERVER;
                  case CLIENT -> SpanKind.SPAN_KIND_CLIENT;
                })
            .setStartTimeUnixNano(start)
            .setEndTimeUnixNano(start + span.durationNanos())
            .setFlags(REMOTE_KNOWN | (span.hasRemoteParent() ? REMOTE : 0) | 1);
    if (context.parentId() != 0) {
      message.setParentSpanId(bytes(context.parentId()));
    }
    if (span.propagation() instanceof W3cTrace(String state)) {
      message.setTraceState(state);
    }
    for (Span.Tag tag : span.tags()) {
      message.addAttributes(attribute(tag.key(), tag.value()));
    }
    for (Span.Event event : span.events()) {
      message.addEvents(
          io.opentelemetry.proto.trace.v1.Span.Event.newBuilder()
              .setTimeUnixNano(event.epochNanos())
              .setName(event.name()));
    }
    if (isError(span)) {
      message.setStatus(Status.newBuilder().setCode(Status.StatusCode.STATUS_CODE_ERROR));
    }
    return message.build();
  }

  /** By OpenTelemetry's conventions: who asks also blames itself for what it asked badly. */
  private static boolean isError(Span span) {
    String status = span.tag("http.status_code");
    if (status.length() != 3) {
      return false;
    }
    char kind = status.charAt(0);
    return kind == '5' || (kind == '4' && span.kind() == Span.Kind.CLIENT);
  }

  private static KeyValue attribute(String key, String value) {
    return KeyValue.newBuilder()
        .setKey(key)
        .setValue(AnyValue.newBuilder().setStringValue(value))
        .build();
  }

  private static ByteString bytes(long... parts) {
    ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * parts.length);
    for (long part : parts) {
      bytes.putLong(part);
    }
    return ByteString.copyFrom(bytes.array());
  }
}
