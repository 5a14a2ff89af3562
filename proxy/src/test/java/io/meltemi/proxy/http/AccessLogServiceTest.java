package io.meltemi.proxy.http;

import static io.meltemi.proxy.testing.Await.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.RequestMethod;
import io.envoyproxy.envoy.data.accesslog.v3.AccessLogType;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPAccessLogEntry;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsMessage;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.logs.v1.LogRecord;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Logs that go to services, filters in CEL, and logs of tries; compared with Envoy 1.40. */
final class AccessLogServiceTest {
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
  private static final String ANSWERED =
      "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: 0\r\n"
          + "content-length: 5\r\n\r\n\0\0\0\0\0";
  private static final String TYPES = "type.googleapis.com/envoy.extensions.access_loggers.";
  private static final String ROUTES =
      """
      - match: {prefix: /none}
        route: {cluster: none}
      - match: {prefix: /gone}
        route: {cluster: gone}
      - match: {prefix: /}
        name: rn
        route: {cluster: a, prefix_rewrite: /pre/}
      """;
  private static final String COMMON =
      "log_name: als, transport_api_version: V3, "
          + "grpc_service: {envoy_grpc: {cluster_name: sink}, initial_metadata: [{key: x-k, value: v}]}";
  private static final String HTTP =
      """
      name: x
      typed_config:
        "@type": %sgrpc.v3.HttpGrpcAccessLogConfig
        common_config: {%s, buffer_size_bytes: 0, custom_tags: [{tag: t, literal: {value: l}}]}
        additional_request_headers_to_log: [X-H, x-none]
        additional_response_headers_to_log: [content-length]
      """
          .formatted(TYPES, COMMON);
  private static final String TCP =
      """
      name: x
      typed_config:
        "@type": %sgrpc.v3.TcpGrpcAccessLogConfig
        common_config: {%s, buffer_size_bytes: 0}
      """
          .formatted(TYPES, COMMON);
  private static final String OTEL =
      """
      name: x
      typed_config:
        "@type": %sopen_telemetry.v3.OpenTelemetryAccessLogConfig
        common_config: {%s, buffer_size_bytes: 0}
        body: {string_value: "%%REQ(:METHOD)%% %%RESPONSE_CODE%% %%REQ(x-none)%%"}
        attributes:
          values:
          - {key: env, value: {string_value: "%%ENVIRONMENT(ENVX)%%"}}
          - {key: all, value: {array_value: {values: [{string_value: "%%PROTOCOL%%"}, {int_value: 3}]}}}
        resource_attributes: {values: [{key: r, value: {string_value: c1}}]}
      """
          .formatted(TYPES, COMMON);

  private static ProxyHarness proxy(TestBackend a, TestBackend sink, String log) {
    String manager =
        ManagerYaml.manager(ROUTES)
            .replace("access_log:\n", "access_log:\n- " + log.indent(2).strip() + "\n");
    return new ProxyHarness().cluster("a", a).cluster("gone").cluster("sink", sink).start(manager);
  }

  private static byte[] sent(TestBackend sink) throws Exception {
    await(() -> !sink.requests.isEmpty());
    byte[] frame = sink.requests.getFirst().text().getBytes(StandardCharsets.ISO_8859_1);
    return java.util.Arrays.copyOfRange(frame, 5, frame.length);
  }

  private static StreamAccessLogsMessage message(TestBackend sink) throws Exception {
    return StreamAccessLogsMessage.parser().parseFrom(sent(sink));
  }

  @Test
  void tellsTheServiceOfRequests() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        TestBackend sink = TestBackend.answering(ANSWERED);
        ProxyHarness proxy = proxy(a, sink, HTTP);
        TestClient client = proxy.client()) {
      client
          .send(
              "POST /a?q=1 HTTP/1.1\r\nhost: h\r\nx-h: hv\r\nreferer: r\r\n"
                  + "user-agent: ua\r\ncontent-length: 3\r\n\r\nabc")
          .read();
      StreamAccessLogsMessage message = message(sink);

      assertEquals(
          "POST /envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs HTTP/1.1",
          sink.requests.getFirst().line());
      assertEquals("v", sink.requests.getFirst().header("x-k"));
      assertEquals("als", message.getIdentifier().getLogName());
      assertEquals("node", message.getIdentifier().getNode().getId());
      HTTPAccessLogEntry entry = message.getHttpLogs().getLogEntry(0);
      assertEquals(RequestMethod.POST, entry.getRequest().getRequestMethod());
      assertEquals("/pre/a?q=1", entry.getRequest().getPath());
      assertEquals("/a?q=1", entry.getRequest().getOriginalPath());
      assertEquals("h", entry.getRequest().getAuthority());
      assertEquals("r", entry.getRequest().getReferer());
      assertEquals("hv", entry.getRequest().getRequestHeadersOrThrow("x-h"));
      assertFalse(entry.getRequest().containsRequestHeaders("x-none"));
      assertEquals(3, entry.getRequest().getRequestBodyBytes());
      assertEquals(200, entry.getResponse().getResponseCode().getValue());
      assertEquals(2, entry.getResponse().getResponseBodyBytes());
      assertEquals("via_upstream", entry.getResponse().getResponseCodeDetails());
      assertEquals("2", entry.getResponse().getResponseHeadersOrThrow("content-length"));
      assertEquals(HTTPAccessLogEntry.HTTPVersion.HTTP11, entry.getProtocolVersion());
      var common = entry.getCommonProperties();
      assertEquals("a", common.getUpstreamCluster());
      assertEquals("rn", common.getRouteName());
      assertEquals(AccessLogType.DownstreamEnd, common.getAccessLogType());
      assertEquals(
          a.address().getPort(),
          common.getUpstreamRemoteAddress().getSocketAddress().getPortValue());
      assertEquals("l", common.getCustomTagsOrThrow("t"));
      assertFalse(common.hasResponseFlags());
      assertEquals(1, proxy.counter("access_logs.grpc_access_log.logs_written"));
    }
  }

  @Test
  void tellsTheServiceOfFailures() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        TestBackend sink = TestBackend.answering(ANSWERED);
        ProxyHarness proxy = proxy(a, sink, TCP);
        TestClient client = proxy.client()) {
      client.get("/none");
      var entry = message(sink).getTcpLogs().getLogEntry(0);

      assertTrue(entry.getCommonProperties().getResponseFlags().getNoClusterFound());
      assertEquals("", entry.getCommonProperties().getUpstreamCluster());
      assertEquals(0, entry.getConnectionProperties().getSentBytes());
    }
  }

  @Test
  void tellsOpenTelemetry() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        TestBackend sink = TestBackend.answering(ANSWERED);
        ProxyHarness proxy = proxy(a, sink, OTEL);
        TestClient client = proxy.client()) {
      client.get("/x");
      ExportLogsServiceRequest export = ExportLogsServiceRequest.parser().parseFrom(sent(sink));

      assertEquals(
          "POST /opentelemetry.proto.collector.logs.v1.LogsService/Export HTTP/1.1",
          sink.requests.getFirst().line());
      assertEquals(
          List.of("log_name", "zone_name", "cluster_name", "node_name", "r"),
          export.getResourceLogs(0).getResource().getAttributesList().stream()
              .map(KeyValue::getKey)
              .toList());
      LogRecord record = export.getResourceLogs(0).getScopeLogs(0).getLogRecords(0);
      assertEquals("GET 200 -", record.getBody().getStringValue());
      assertEquals("of-env", record.getAttributes(0).getValue().getStringValue());
      assertEquals(
          "HTTP/1.1",
          record.getAttributes(1).getValue().getArrayValue().getValues(0).getStringValue());
      assertEquals(
          3, record.getAttributes(1).getValue().getArrayValue().getValues(1).getIntValue());
      assertTrue(record.getTimeUnixNano() > 0);
      assertEquals(ByteString.EMPTY, record.getTraceId());
      assertEquals(1, proxy.counter("access_logs.open_telemetry_access_log.logs_written"));
    }
  }

  @Test
  void logsOnlyWhatItsFiltersAdmit() throws Exception {
    String log =
        """
        name: out
        filter:
          and_filter:
            filters:
            - extension_filter:
                name: envoy.access_loggers.extension_filters.cel
                typed_config: {"@type": %1$sfilters.cel.v3.ExpressionFilter, expression: "request.url_path.contains('b')"}
            - header_filter: {header: {name: x-h, present_match: true}}
            - log_type_filter: {types: [DownstreamEnd]}
            - grpc_status_filter: {statuses: [UNAVAILABLE], exclude: true}
        typed_config:
          "@type": %1$sstream.v3.StdoutAccessLog
          log_format: {text_format_source: {inline_string: "CEL %%PATH(NQ)%%\\n"}}
        """
            .formatted(TYPES);
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy = proxy(a, a, log);
        TestClient client = proxy.client()) {
      client.send("GET /ab?q HTTP/1.1\r\nhost: h\r\nx-h: 1\r\n\r\n").read();
      client.send("GET /xy HTTP/1.1\r\nhost: h\r\nx-h: 1\r\n\r\n").read();
      client.send("GET /b HTTP/1.1\r\nhost: h\r\n\r\n").read();
      client.send("GET /gone/b HTTP/1.1\r\nhost: h\r\nx-h: 1\r\n\r\n").read();

      assertEquals(
          List.of("CEL /ab"), proxy.log().lines().filter(line -> line.startsWith("CEL")).toList());
    }
  }

  @Test
  void logsTries() throws Exception {
    String router =
        """
        router.v3.Router
            upstream_log:
            - name: out
              typed_config:
                "@type": %sstream.v3.StdoutAccessLog
                log_format: {text_format_source: {inline_string: "TRY %%REQ(:PATH)%% %%RESPONSE_CODE%% %%RESPONSE_FLAGS%% %%BYTES_SENT%% %%BYTES_RECEIVED%% %%UPSTREAM_CLUSTER%%\\n"}}
            upstream_log_options: {flush_upstream_log_on_upstream_stream: true}
        """
            .formatted(TYPES);
    String manager =
        ManagerYaml.manager(
                """
                - match: {prefix: /}
                  route: {cluster: a, retry_policy: {retry_on: 5xx, num_retries: 1}}
                """)
            .replace("router.v3.Router\n", router);
    try (TestBackend a =
            new TestBackend(
                (request, out, _) ->
                    out.write(
                        (request.number() == 1
                                ? "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"
                                : OK)
                            .getBytes(StandardCharsets.ISO_8859_1)));
        ProxyHarness proxy = new ProxyHarness().cluster("a", a).start(manager);
        TestClient client = proxy.client()) {
      client.send("POST /x HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc").read();

      assertEquals(
          List.of(
              "TRY /x 0 - 0 0 a", "TRY /x 503 - 3 0 a", "TRY /x 0 - 0 0 a", "TRY /x 200 - 3 2 a"),
          proxy.log().lines().filter(line -> line.startsWith("TRY")).toList());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "grpc.v3.HttpGrpcAccessLogConfig, common_config: {transport_api_version: V3, grpc_service: {envoy_grpc: {cluster_name: c}}} | common_config.log_name",
        "grpc.v3.TcpGrpcAccessLogConfig, common_config: {log_name: x, transport_api_version: V2, grpc_service: {envoy_grpc: {cluster_name: c}}} | transport_api_version",
        "grpc.v3.TcpGrpcAccessLogConfig, common_config: {log_name: x, filter_state_objects_to_log: [y], grpc_service: {envoy_grpc: {cluster_name: c}}} | filter_state_objects_to_log",
        "grpc.v3.HttpGrpcAccessLogConfig, additional_request_headers_to_log: [\"a b\"], common_config: {log_name: x, grpc_service: {envoy_grpc: {cluster_name: c}}} | additional_request_headers_to_log[0]",
        "grpc.v3.HttpGrpcAccessLogConfig, common_config: {log_name: x, buffer_flush_interval: 0s, grpc_service: {envoy_grpc: {cluster_name: c}}} | buffer_flush_interval",
        "open_telemetry.v3.OpenTelemetryAccessLogConfig, body: {string_value: \"%NOPE%\"}, common_config: {log_name: x, grpc_service: {envoy_grpc: {cluster_name: c}}} | body",
        "open_telemetry.v3.OpenTelemetryAccessLogConfig, common_config: {log_name: x} | grpc_service",
      })
  void refusesByName(String config, String path) {
    String log = "name: x\ntyped_config: {\"@type\": " + TYPES + config.strip() + "}\n";
    String manager =
        ManagerYaml.manager(ROUTES)
            .replace("access_log:\n", "access_log:\n- " + log.indent(2).strip() + "\n");
    try (ProxyHarness proxy = new ProxyHarness()) {
      String errors =
          assertThrows(IllegalArgumentException.class, () -> proxy.parse(manager)).getMessage();
      assertTrue(errors != null && errors.contains(path.strip()), errors);
    }
  }
}
