package io.meltemi.controlplane.translate.listener;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.accesslog.v3.AccessLog;
import io.envoyproxy.envoy.config.accesslog.v3.AccessLogFilter;
import io.envoyproxy.envoy.config.accesslog.v3.ResponseFlagFilter;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.SubstitutionFormatString;
import io.envoyproxy.envoy.extensions.access_loggers.file.v3.FileAccessLog;
import io.meltemi.config.mesh.MeshConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The access log that MeshConfig asks for; without {@code accessLogFile} there is none. */
final class AccessLogs {
  private static final String NAME = "envoy.access_loggers.file";

  /** Istio's default line. */
  private static final String TEXT_FORMAT =
      "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\""
          + " %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%"
          + " %CONNECTION_TERMINATION_DETAILS% \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\""
          + " %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"
          + " \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\""
          + " \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW%"
          + " %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS%"
          + " %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

  /** Istio's default JSON members. */
  private static final Map<String, String> JSON_FORMAT =
      Map.ofEntries(
          Map.entry("authority", "%REQ(:AUTHORITY)%"),
          Map.entry("bytes_received", "%BYTES_RECEIVED%"),
          Map.entry("bytes_sent", "%BYTES_SENT%"),
          Map.entry("connection_termination_details", "%CONNECTION_TERMINATION_DETAILS%"),
          Map.entry("downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
          Map.entry("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
          Map.entry("duration", "%DURATION%"),
          Map.entry("method", "%REQ(:METHOD)%"),
          Map.entry("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
          Map.entry("protocol", "%PROTOCOL%"),
          Map.entry("request_id", "%REQ(X-REQUEST-ID)%"),
          Map.entry("requested_server_name", "%REQUESTED_SERVER_NAME%"),
          Map.entry("response_code", "%RESPONSE_CODE%"),
          Map.entry("response_code_details", "%RESPONSE_CODE_DETAILS%"),
          Map.entry("response_flags", "%RESPONSE_FLAGS%"),
          Map.entry("route_name", "%ROUTE_NAME%"),
          Map.entry("start_time", "%START_TIME%"),
          Map.entry("upstream_cluster", "%UPSTREAM_CLUSTER_RAW%"),
          Map.entry("upstream_host", "%UPSTREAM_HOST%"),
          Map.entry("upstream_local_address", "%UPSTREAM_LOCAL_ADDRESS%"),
          Map.entry("upstream_service_time", "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"),
          Map.entry("upstream_transport_failure_reason", "%UPSTREAM_TRANSPORT_FAILURE_REASON%"),
          Map.entry("user_agent", "%REQ(USER-AGENT)%"),
          Map.entry("x_forwarded_for", "%REQ(X-FORWARDED-FOR)%"));

  private AccessLogs() {}

  /** The logs of a connection manager or TCP proxy. */
  static List<AccessLog> of(MeshConfig mesh) {
    return log(mesh).map(List::of).orElseGet(List::of);
  }

  /** The logs of a listener: connections that no filter chain takes. */
  static List<AccessLog> ofListener(MeshConfig mesh) {
    if (mesh.accessLog().disableListenerLog()) {
      return List.of();
    }
    AccessLogFilter noRoute =
        AccessLogFilter.newBuilder()
            .setResponseFlagFilter(ResponseFlagFilter.newBuilder().addFlags("NR"))
            .build();
    return log(mesh)
        .map(log -> List.of(log.toBuilder().setFilter(noRoute).build()))
        .orElseGet(List::of);
  }

  private static Optional<AccessLog> log(MeshConfig mesh) {
    if (mesh.accessLog().file().isEmpty()) {
      return Optional.empty();
    }
    FileAccessLog file =
        FileAccessLog.newBuilder()
            .setPath(mesh.accessLog().file())
            .setLogFormat(format(mesh.accessLog()))
            .build();
    return Optional.of(AccessLog.newBuilder().setName(NAME).setTypedConfig(Any.pack(file)).build());
  }

  private static SubstitutionFormatString format(MeshConfig.AccessLog log) {
    return switch (log.encoding()) {
      case TEXT ->
          SubstitutionFormatString.newBuilder()
              .setTextFormatSource(
                  DataSource.newBuilder()
                      .setInlineString(log.format().isEmpty() ? TEXT_FORMAT : log.format()))
              .build();
      case JSON ->
          SubstitutionFormatString.newBuilder()
              .setJsonFormat(log.format().isEmpty() ? json(JSON_FORMAT) : written(log.format()))
              .build();
    };
  }

  private static Struct json(Map<String, String> members) {
    Struct.Builder json = Struct.newBuilder();
    new TreeMap<>(members)
        .forEach(
            (name, value) ->
                json.putFields(name, Value.newBuilder().setStringValue(value).build()));
    return json.build();
  }

  /** The format as the mesh has it; Istio's own when it is not a JSON object. */
  private static Struct written(String format) {
    Struct.Builder json = Struct.newBuilder();
    try {
      JsonFormat.parser().merge(format, json);
    } catch (InvalidProtocolBufferException _) {
      return json(JSON_FORMAT);
    }
    return json.build();
  }
}
