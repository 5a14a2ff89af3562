package io.meltemi.proxy.accesslog.opentelemetry;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig;
import io.meltemi.proxy.accesslog.CommonSettings;
import io.meltemi.proxy.accesslog.LogBatch;
import io.meltemi.proxy.accesslog.LogHost;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.AccessLog;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.telemetry.accesslog.LogSinkFactory;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.logs.v1.ResourceLogs;
import io.opentelemetry.proto.logs.v1.ScopeLogs;
import io.opentelemetry.proto.resource.v1.Resource;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code envoy.access_loggers.open_telemetry}. */
public final class OpenTelemetryLogFactory implements LogSinkFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          OpenTelemetryAccessLogConfig.class,
          "common_config",
          "disable_builtin_labels",
          "resource_attributes",
          "body",
          "attributes",
          "stat_prefix");
  private static final String PATH = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

  private final LogHost host;

  public OpenTelemetryLogFactory(LogHost host) {
    this.host = host;
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(
        "type.googleapis.com/envoy.extensions.access_loggers.open_telemetry.v3"
            + ".OpenTelemetryAccessLogConfig");
  }

  @Override
  public Optional<AccessLog> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, OpenTelemetryAccessLogConfig.class, FIELDS)
        .flatMap(proto -> parse(proto, scope));
  }

  private Optional<AccessLog> parse(OpenTelemetryAccessLogConfig proto, ParseScope scope) {
    if (proto.getCommonConfig().getCustomTagsCount() > 0) {
      scope.field("common_config").field("custom_tags").unsupported("set");
    }
    ValueFormat body = ValueFormat.parse(proto.getBody(), host.sources(), scope.field("body"), 0);
    boolean hasBody = proto.hasBody();
    ValueFormat.Fields attributes =
        ValueFormat.fields(proto.getAttributes(), host.sources(), scope.field("attributes"), 0);
    String prefix =
        "access_logs.open_telemetry_access_log."
            + (proto.getStatPrefix().isEmpty() ? "" : proto.getStatPrefix() + ".");
    return CommonSettings.parse(proto.getCommonConfig(), scope.field("common_config"))
        .map(
            settings -> {
              Resource resource = resource(proto, settings.logName());
              return new Log(
                  new LogBatch<>(
                      host,
                      settings,
                      new LogBatch.Method<>(
                          PATH,
                          records -> request(resource, records),
                          ExportLogsServiceResponse.parser()),
                      prefix),
                  hasBody,
                  body,
                  attributes,
                  host.sources());
            });
  }

  private Resource resource(OpenTelemetryAccessLogConfig proto, String logName) {
    Resource.Builder resource = Resource.newBuilder();
    if (!proto.getDisableBuiltinLabels()) {
      Node node = host.node();
      resource
          .addAttributes(text("log_name", logName))
          .addAttributes(text("zone_name", node.getLocality().getZone()))
          .addAttributes(text("cluster_name", node.getCluster()))
          .addAttributes(text("node_name", node.getId()));
    }
    return resource.addAllAttributes(proto.getResourceAttributes().getValuesList()).build();
  }

  private static KeyValue text(String key, String value) {
    return KeyValue.newBuilder()
        .setKey(key)
        .setValue(AnyValue.newBuilder().setStringValue(value))
        .build();
  }

  private static ExportLogsServiceRequest request(Resource resource, List<LogRecord> records) {
    return ExportLogsServiceRequest.newBuilder()
        .addResourceLogs(
            ResourceLogs.newBuilder()
                .setResource(resource)
                .addScopeLogs(ScopeLogs.newBuilder().addAllLogRecords(records)))
        .build();
  }

  private record Log(
      LogBatch<LogRecord, ExportLogsServiceResponse> batch,
      boolean hasBody,
      ValueFormat body,
      ValueFormat.Fields attributes,
      Formatter.Sources sources)
      implements AccessLog {
    private static final int TRACE_DIGITS = 32;

    @Override
    public void log(StreamInfo info) {
      FormatOutput scratch = new FormatOutput();
      Instant now = sources.ticker().now();
      long start =
          now.getEpochSecond() * 1_000_000_000L
              + now.getNano()
              - (sources.ticker().nanos() - info.startNanos);
      LogRecord.Builder record =
          LogRecord.newBuilder()
              .setTimeUnixNano(start)
              .addAllAttributes(attributes.values(info, scratch));
      if (hasBody) {
        record.setBody(body.value(info, scratch));
      }
      if (!info.traceId.isEmpty()) {
        record
            .setTraceId(bytes("0".repeat(TRACE_DIGITS - info.traceId.length()) + info.traceId))
            .setSpanId(bytes(info.spanId));
      }
      batch.add(record.build());
    }

    private static ByteString bytes(String hex) {
      return ByteString.copyFrom(HexFormat.of().parseHex(hex));
    }
  }
}
