package io.meltemi.proxy.tracing.datadog;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.tracing.Span;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Traces as version 0.4 of the agent's API has them. Any thread.
 *
 * @param service of this proxy
 * @param version of this proxy
 * @param runtimeId unlike that of every other process
 */
record TraceMessages(String service, String version, String runtimeId) {
  private static final double PROCESS_ID = ProcessHandle.current().pid();

  ByteString write(List<DatadogTrace> traces) {
    MessagePack out = new MessagePack();
    out.array(traces.size());
    for (DatadogTrace trace : traces) {
      out.array(trace.spans().size());
      for (int i = 0; i < trace.spans().size(); i++) {
        write(trace.spans().get(i), trace.facts(), i == 0, out);
      }
    }
    return out.toByteString();
  }

  private void write(Span span, DatadogTrace.Facts facts, boolean first, MessagePack out) {
    Map<String, String> meta = meta(span, facts, first);
    Map<String, Double> metrics = metrics(facts, first);
    out.map(12);
    out.text("service");
    out.text(service);
    out.text("name");
    out.text("envoy.proxy");
    out.text("resource");
    out.text(span.operation());
    out.text("trace_id");
    out.unsigned(span.context().traceLow());
    out.text("span_id");
    out.unsigned(span.context().spanId());
    out.text("parent_id");
    out.unsigned(span.context().parentId());
    out.text("start");
    out.unsigned(span.startEpochNanos());
    out.text("duration");
    out.unsigned(span.durationNanos());
    out.text("error");
    out.unsigned(span.tag("error").equals("true") ? 1 : 0);
    out.text("meta");
    out.map(meta.size());
    meta.forEach(
        (key, value) -> {
          out.text(key);
          out.text(value);
        });
    out.text("metrics");
    out.map(metrics.size());
    metrics.forEach(
        (key, value) -> {
          out.text(key);
          out.number(value);
        });
    out.text("type");
    out.text("web");
  }

  private Map<String, String> meta(Span span, DatadogTrace.Facts facts, boolean first) {
    Map<String, String> meta = new LinkedHashMap<>();
    for (Span.Tag tag : span.tags()) {
      switch (tag.key()) {
        case "error" -> {}
        case "error.reason" -> {
          meta.put(tag.key(), tag.value());
          meta.put("error.message", tag.value());
        }
        default -> meta.put(tag.key(), tag.value());
      }
    }
    meta.put("language", "java");
    meta.put("runtime-id", runtimeId);
    meta.put("version", "envoy " + version);
    if (!facts.origin().isEmpty()) {
      meta.put("_dd.origin", facts.origin());
    }
    if (first) {
      meta.putAll(facts.tags());
      if (!facts.parentMark().isEmpty()) {
        meta.put("_dd.parent_id", facts.parentMark());
      }
    }
    return meta;
  }

  private static Map<String, Double> metrics(DatadogTrace.Facts facts, boolean first) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("process_id", PROCESS_ID);
    if (first) {
      metrics.put("_sampling_priority_v1", (double) facts.priority());
      if (facts.decidedHere() && facts.priority() > 0) {
        metrics.put("_dd.agent_psr", 1.0);
      }
    }
    return metrics;
  }
}
