package io.meltemi.proxy.accesslog.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPAccessLogEntry;
import io.envoyproxy.envoy.data.accesslog.v3.TCPAccessLogEntry;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.CommonGrpcAccessLogConfig;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsMessage;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsMessage.HTTPAccessLogEntries;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsMessage.Identifier;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsMessage.TCPAccessLogEntries;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsResponse;
import io.meltemi.proxy.accesslog.CommonSettings;
import io.meltemi.proxy.accesslog.LogBatch;
import io.meltemi.proxy.accesslog.LogHost;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.AccessLog;
import io.meltemi.proxy.telemetry.accesslog.LogSinkFactory;
import io.meltemi.proxy.tracing.RouteTracingParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * {@code envoy.access_loggers.http_grpc} and {@code envoy.access_loggers.tcp_grpc}.
 *
 * <p>Differs from Envoy: each batch is a stream of its own, which the service answers when it has
 * read it, and says who sends it.
 */
public final class GrpcLogFactory implements LogSinkFactory {
  private static final SupportedFields HTTP =
      SupportedFields.of(
          HttpGrpcAccessLogConfig.class,
          "common_config",
          "additional_request_headers_to_log",
          "additional_response_headers_to_log",
          "additional_response_trailers_to_log");
  private static final SupportedFields TCP =
      SupportedFields.of(TcpGrpcAccessLogConfig.class, "common_config");
  private static final String PATH =
      "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";
  private static final String STATS = "access_logs.grpc_access_log.";

  private final LogHost host;

  public GrpcLogFactory(LogHost host) {
    this.host = host;
  }

  @Override
  public Set<String> typeUrls() {
    String types = "type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.";
    return Set.of(types + "HttpGrpcAccessLogConfig", types + "TcpGrpcAccessLogConfig");
  }

  @Override
  public Optional<AccessLog> parse(Any config, ParseScope scope) {
    return MessageTypes.holds(config, HttpGrpcAccessLogConfig.class)
        ? scope
            .unpack(config, HttpGrpcAccessLogConfig.class, HTTP)
            .flatMap(proto -> http(proto, scope))
        : scope
            .unpack(config, TcpGrpcAccessLogConfig.class, TCP)
            .flatMap(proto -> tcp(proto, scope));
  }

  private Optional<AccessLog> http(HttpGrpcAccessLogConfig proto, ParseScope scope) {
    Entries entries =
        new Entries(
            host.sources().ticker(),
            names(
                proto.getAdditionalRequestHeadersToLogList(),
                scope,
                "additional_request_headers_to_log"),
            names(
                proto.getAdditionalResponseHeadersToLogList(),
                scope,
                "additional_response_headers_to_log"),
            names(
                proto.getAdditionalResponseTrailersToLogList(),
                scope,
                "additional_response_trailers_to_log"),
            tags(proto.getCommonConfig(), scope));
    return this.<HTTPAccessLogEntry>batch(
            proto.getCommonConfig(),
            scope,
            (message, all) ->
                message.setHttpLogs(HTTPAccessLogEntries.newBuilder().addAllLogEntry(all)))
        .map(batch -> info -> batch.add(entries.http(info)));
  }

  private Optional<AccessLog> tcp(TcpGrpcAccessLogConfig proto, ParseScope scope) {
    Entries entries =
        new Entries(
            host.sources().ticker(),
            List.of(),
            List.of(),
            List.of(),
            tags(proto.getCommonConfig(), scope));
    return this.<TCPAccessLogEntry>batch(
            proto.getCommonConfig(),
            scope,
            (message, all) ->
                message.setTcpLogs(TCPAccessLogEntries.newBuilder().addAllLogEntry(all)))
        .map(batch -> info -> batch.add(entries.tcp(info)));
  }

  private List<io.meltemi.proxy.tracing.CustomTag> tags(
      CommonGrpcAccessLogConfig proto, ParseScope scope) {
    return new RouteTracingParser(host.sources())
        .tags(proto.getCustomTagsList(), scope.field("common_config"));
  }

  private static List<HeaderName> names(List<String> texts, ParseScope scope, String field) {
    List<HeaderName> names = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      if (HeaderName.isValid(texts.get(i))) {
        names.add(HeaderName.of(texts.get(i)));
      } else {
        scope.field(field, i).error("\"" + texts.get(i) + "\"", "a header name");
      }
    }
    return List.copyOf(names);
  }

  private <E extends Message> Optional<LogBatch<E, StreamAccessLogsResponse>> batch(
      CommonGrpcAccessLogConfig proto,
      ParseScope scope,
      BiFunction<StreamAccessLogsMessage.Builder, List<E>, StreamAccessLogsMessage.Builder> add) {
    return CommonSettings.parse(proto, scope.field("common_config"))
        .map(
            settings -> {
              Identifier identifier =
                  Identifier.newBuilder()
                      .setNode(host.node())
                      .setLogName(settings.logName())
                      .build();
              return new LogBatch<>(
                  host,
                  settings,
                  new LogBatch.Method<>(
                      PATH,
                      entries ->
                          add.apply(
                                  StreamAccessLogsMessage.newBuilder().setIdentifier(identifier),
                                  entries)
                              .build(),
                      StreamAccessLogsResponse.parser()),
                  STATS);
            });
  }
}
