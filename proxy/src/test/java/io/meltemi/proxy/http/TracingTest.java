package io.meltemi.proxy.http;

import static io.meltemi.proxy.testing.Await.await;
import static io.meltemi.proxy.testing.Await.awaitEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.tracing.TracerFactory;
import io.meltemi.proxy.tracing.datadog.DatadogTracerFactory;
import io.meltemi.proxy.tracing.opentelemetry.OpenTelemetryTracerFactory;
import io.meltemi.proxy.tracing.zipkin.ZipkinTracerFactory;
import io.meltemi.proxy.upstream.UpstreamClient;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.Span;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Collectors of three kinds; spans, headers and numbers are those of Envoy 1.40. */
final class TracingTest {
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
  private static final String ACCEPTED = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
  private static final String CONFIG = "type.googleapis.com/envoy.config.trace.v3.";
  private static final String ROUTES =
      """
      - match: {prefix: /own}
        route: {cluster: a}
        metadata: {filter_metadata: {my.ns: {k: of-route}}}
        tracing:
          custom_tags:
          - {tag: lit, literal: {value: of-route}}
          - {tag: meta, metadata: {kind: {route: {}}, metadata_key: {key: my.ns, path: [{key: k}]}}}
          operation: "own %REQ(x-h)% %RESPONSE_CODE%"
          upstream_operation: "to %PATH(NQ:PATH)%"
      - match: {prefix: /never}
        route: {cluster: a}
        tracing: {random_sampling: {numerator: 0}}
      - match: {prefix: /gone}
        route: {cluster: gone}
      - match: {prefix: /again}
        route: {cluster: a, retry_policy: {retry_on: 5xx, num_retries: 1}}
      - match: {prefix: /named}
        route: {cluster: a}
        decorator: {operation: named}
      - match: {prefix: /}
        route: {cluster: a}
      """;
  private static final String OTLP =
      """
      name: envoy.tracers.opentelemetry
      typed_config:
        "@type": %sOpenTelemetryConfig
        service_name: shop
        http_service:
          http_uri: {uri: "http://col.test/v1/traces", cluster: collector, timeout: 1s}
          request_headers_to_add: [{header: {key: x-api, value: secret}}]
        resource_detectors:
        - name: envoy.tracers.opentelemetry.resource_detectors.environment
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.tracers.opentelemetry.resource_detectors.v3.EnvironmentResourceDetectorConfig
        - name: envoy.tracers.opentelemetry.resource_detectors.static_config
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.tracers.opentelemetry.resource_detectors.v3.StaticConfigResourceDetectorConfig
            attributes: {deployment.environment: test}
      """
          .formatted(CONFIG);
  private static final String OTLP_GRPC =
      """
      name: envoy.tracers.opentelemetry
      typed_config:
        "@type": %sOpenTelemetryConfig
        grpc_service:
          envoy_grpc: {cluster_name: collector, authority: col.test}
          initial_metadata: [{key: x-tenant, value: t1}]
        sampler:
          name: envoy.tracers.opentelemetry.samplers.always_on
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.tracers.opentelemetry.samplers.v3.AlwaysOnSamplerConfig
      """
          .formatted(CONFIG);
  private static final String ZIPKIN =
      """
      name: envoy.tracers.zipkin
      typed_config:
        "@type": %sZipkinConfig
        collector_cluster: collector
        collector_endpoint: /api/v2/spans
        collector_endpoint_version: HTTP_JSON
        shared_span_context: false
        trace_id_128bit: true
      """
          .formatted(CONFIG);
  private static final String DATADOG =
      """
      name: envoy.tracers.datadog
      typed_config: {"@type": %sDatadogConfig, collector_cluster: collector, service_name: shop}
      """
          .formatted(CONFIG);
  private static final String TAGS =
      """
      custom_tags:
      - {tag: lit, literal: {value: v1}}
      - {tag: env, environment: {name: NOT_THERE, default_value: d}}
      - {tag: nothing, environment: {name: NOT_THERE}}
      - {tag: hdr, request_header: {name: x-h, default_value: "-"}}
      - {tag: none, request_header: {name: x-h2}}
      """;

  private static String manager(String tracing, String provider) {
    return ManagerYaml.manager(ROUTES)
        + "tracing:\n"
        + tracing.indent(2)
        + "  spawn_upstream_span: true\n"
        + "  provider:\n"
        + provider.indent(4);
  }

  private static List<TracerFactory> factories(ProxyHarness proxy) {
    UpstreamClient client = proxy.upstreamClient();
    return List.of(
        new OpenTelemetryTracerFactory(
            client, proxy.stats, Map.of("OTEL_RESOURCE_ATTRIBUTES", "a=b"), "1.2.3"),
        new ZipkinTracerFactory(client, proxy.stats, "shop"),
        new DatadogTracerFactory(client, proxy.stats, "1.2.3"));
  }

  private static ProxyHarness proxy(TestBackend a, TestBackend collector, String manager) {
    ProxyHarness proxy = new ProxyHarness();
    factories(proxy).forEach(proxy::tracer);
    return proxy.cluster("a", a).cluster("gone").cluster("collector", collector).start(manager);
  }

  private static List<TestBackend.Request> sent(TestBackend collector, int count)
      throws InterruptedException {
    await(() -> collector.requests.size() >= count);
    return collector.requests;
  }

  private static List<Span> spans(TestBackend collector, int count) throws Exception {
    List<Span> spans = new ArrayList<>();
    for (int i = 0; i < 600 && spans.size() < count; i++) {
      Thread.sleep(10);
      spans.clear();
      for (TestBackend.Request request : collector.requests) {
        spans.addAll(export(bytes(request)).getResourceSpans(0).getScopeSpans(0).getSpansList());
      }
    }
    return spans;
  }

  private static byte[] bytes(TestBackend.Request request) {
    return request.text().getBytes(StandardCharsets.ISO_8859_1);
  }

  private static ExportTraceServiceRequest export(byte[] body) throws Exception {
    return ExportTraceServiceRequest.parser().parseFrom(body);
  }

  private static Map<String, String> tags(List<KeyValue> attributes) {
    Map<String, String> tags = new TreeMap<>();
    attributes.forEach(one -> tags.put(one.getKey(), one.getValue().getStringValue()));
    return tags;
  }

  private static Map<String, String> tags(Span span) {
    return tags(span.getAttributesList());
  }

  private static String get(String path, String headers) {
    return "GET " + path + " HTTP/1.1\r\nhost: h\r\n" + headers + "\r\n";
  }

  private static String hex(ByteString id) {
    StringBuilder text = new StringBuilder();
    for (byte b : id) {
      text.append("%02x".formatted(b));
    }
    return text.toString();
  }

  @Test
  void tellsOfRequestAndTryByHttp() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        TestBackend collector = TestBackend.answering(OK);
        ProxyHarness proxy = proxy(a, collector, manager("verbose: true\n" + TAGS, OTLP));
        TestClient client = proxy.client()) {
      client.send(get("/x?y=1", "user-agent: ua\r\nx-h: hv\r\n")).read();
      client.send(get("/own/p?q", "x-h: hv\r\n")).read();
      client.send(get("/named", "")).read();
      List<Span> spans = spans(collector, 5);

      Span ofTry = spans.get(0);
      Span ofRequest = spans.get(1);
      assertEquals("router a egress", ofTry.getName());
      assertEquals(Span.SpanKind.SPAN_KIND_CLIENT, ofTry.getKind());
      assertEquals("ingress", ofRequest.getName());
      assertEquals(Span.SpanKind.SPAN_KIND_SERVER, ofRequest.getKind());
      assertEquals(ofRequest.getSpanId(), ofTry.getParentSpanId());
      assertEquals(ofRequest.getTraceId(), ofTry.getTraceId());
      assertTrue(ofRequest.getParentSpanId().isEmpty());
      assertEquals(0x101, ofRequest.getFlags());
      assertTrue(ofRequest.getStartTimeUnixNano() <= ofTry.getStartTimeUnixNano());
      assertTrue(ofTry.getEndTimeUnixNano() <= ofRequest.getEndTimeUnixNano() + 1_000_000);
      assertEquals(
          "00-" + hex(ofTry.getTraceId()) + "-" + hex(ofTry.getSpanId()) + "-01",
          a.requests.get(0).header("traceparent"));
      assertEquals(
          List.of(
              "first_upstream_tx_byte_sent",
              "last_upstream_tx_byte_sent",
              "first_upstream_rx_byte_received",
              "last_upstream_rx_byte_received"),
          ofTry.getEventsList().stream().map(Span.Event::getName).toList());

      String peer = "127.0.0.1:" + a.address().getPort();
      assertEquals(
          new TreeMap<>(
              Map.ofEntries(
                  Map.entry("http.protocol", "HTTP/1.1"),
                  Map.entry("upstream_address", peer),
                  Map.entry("peer.address", peer),
                  Map.entry("component", "proxy"),
                  Map.entry("upstream_cluster", "a"),
                  Map.entry("upstream_cluster.name", "a"),
                  Map.entry("http.status_code", "200"),
                  Map.entry("response_flags", "-"),
                  Map.entry("lit", "v1"),
                  Map.entry("env", "d"),
                  Map.entry("hdr", "hv"))),
          tags(ofTry));
      Map<String, String> told = tags(ofRequest);
      assertEquals("http://h/x?y=1", told.get("http.url"));
      assertEquals(a.requests.get(0).header("x-request-id"), told.get("guid:x-request-id"));
      assertEquals("ua", told.get("user_agent"));
      assertEquals("127.0.0.1", told.get("peer.address"));
      assertEquals("node", told.get("node_id"));
      assertEquals("zone", told.get("zone"));
      assertEquals("0", told.get("request_size"));
      assertEquals("2", told.get("response_size"));

      assertEquals("to /own/p", spans.get(2).getName());
      assertEquals("own hv 200", spans.get(3).getName());
      assertEquals("of-route", tags(spans.get(3)).get("lit"));
      assertEquals("of-route", tags(spans.get(3)).get("meta"));

      TestBackend.Request report = collector.requests.getFirst();
      assertEquals("POST /v1/traces HTTP/1.1", report.line());
      assertEquals("col.test", report.header("host"));
      assertEquals("secret", report.header("x-api"));
      assertEquals("application/x-protobuf", report.header("content-type"));
      Map<String, String> resource =
          tags(export(bytes(report)).getResourceSpans(0).getResource().getAttributesList());
      assertEquals("shop", resource.get("service.name"));
      assertEquals("b", resource.get("a"));
      assertEquals("test", resource.get("deployment.environment"));
      assertEquals(5, proxy.counter("tracing.opentelemetry.spans_sent"));
      assertEquals(3, proxy.counter("http.t.tracing.random_sampling"));
    }
  }

  @Test
  void tellsOfRetriesAndFailures() throws Exception {
    try (TestBackend a =
            new TestBackend(
                (request, out, _) ->
                    out.write(
                        (request.number() == 1
                                ? "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"
                                : OK)
                            .getBytes(StandardCharsets.ISO_8859_1)));
        TestBackend collector = TestBackend.answering(OK);
        ProxyHarness proxy = proxy(a, collector, manager("verbose: false", OTLP));
        TestClient client = proxy.client()) {
      client.send(get("/again", "")).read();
      client.send(get("/gone", "")).read();
      client.send(get("/x", "")).read();
      List<Span> spans = spans(collector, 5);

      assertEquals("503", tags(spans.get(0)).get("http.status_code"));
      assertEquals("true", tags(spans.get(0)).get("error"));
      assertEquals("1", tags(spans.get(1)).get("retry.count"));
      assertEquals("200", tags(spans.get(1)).get("http.status_code"));
      assertEquals("UH", tags(spans.get(3)).get("response_flags"));
      assertEquals("true", tags(spans.get(3)).get("error"));
      assertEquals(
          io.opentelemetry.proto.trace.v1.Status.StatusCode.STATUS_CODE_ERROR,
          spans.get(3).getStatus().getCode());
    }
  }

  @Test
  void continuesTracesThatComeIn() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        TestBackend collector = TestBackend.answering(OK);
        ProxyHarness proxy = proxy(a, collector, manager("verbose: false", OTLP));
        TestClient client = proxy.client()) {
      String id = "0af7651916cd43dd8448eb211c80319c";
      String parent = "traceparent: 00-" + id + "-b7ad6b7169203331-";
      client.send(get("/1", parent + "01\r\ntracestate: x=1\r\ntracestate: y=2\r\n")).read();
      client.send(get("/2", parent + "00\r\n")).read();
      client.send(get("/3", "traceparent: bad\r\n")).read();
      client.send(get("/never", "")).read();

      String kept = a.requests.get(0).header("traceparent");
      assertTrue(kept != null && kept.startsWith("00-" + id) && kept.endsWith("-01"), kept);
      assertEquals("x=1,y=2", a.requests.get(0).header("tracestate"));
      String dropped = a.requests.get(1).header("traceparent");
      assertTrue(dropped != null && dropped.startsWith("00-" + id) && dropped.endsWith("-00"));
      assertEquals("bad", a.requests.get(2).header("traceparent"));
      String never = a.requests.get(3).header("traceparent");
      assertTrue(never != null && never.endsWith("-00"), never);
      assertEquals(1, proxy.counter("http.t.tracing.not_traceable"));
      assertEquals(0, proxy.counter("tracing.opentelemetry.spans_sent"));
    }
  }

  @Test
  void callsTheCollectorByGrpc() throws Exception {
    String answer =
        "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: 0\r\n"
            + "content-length: 5\r\n\r\n\0\0\0\0\0";
    try (TestBackend a = TestBackend.answering(OK);
        TestBackend collector = TestBackend.answering(answer);
        ProxyHarness proxy =
            proxy(a, collector, manager("random_sampling: {value: 0}", OTLP_GRPC));
        TestClient client = proxy.client()) {
      for (int i = 0; i < 3; i++) {
        client.send(get("/x", "")).read();
      }
      TestBackend.Request call = sent(collector, 1).getFirst();

      assertEquals(
          "POST /opentelemetry.proto.collector.trace.v1.TraceService/Export HTTP/1.1", call.line());
      assertEquals("t1", call.header("x-tenant"));
      assertEquals("col.test", call.header("host"));
      byte[] frame = bytes(call);
      ExportTraceServiceRequest export =
          export(java.util.Arrays.copyOfRange(frame, 5, frame.length));
      assertEquals(5, export.getResourceSpans(0).getScopeSpans(0).getSpansCount());
      assertEquals(
          "unknown_service:envoy",
          tags(export.getResourceSpans(0).getResource().getAttributesList()).get("service.name"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    // client sampling, random sampling, header, digit of the id that goes on, traced
    "0, 0, x: y, 4, 00",
    "0, 100, x: y, 9, 01",
    "100, 0, x-client-trace-id: c, b, 01",
    "0, 0, x-client-trace-id: c, 4, 00",
    "0, 0, x-envoy-force-trace: 1, 4, 00",
    "0, 0, x-request-id: 12345678-1234-9234-8234-123456789012, 9, 01",
    "0, 0, x-request-id: 12345678-1234-a234-8234-123456789012, a, 01",
    "0, 100, x-request-id: zzzzzzzz-1234-4234-8234-123456789012, 4, 00",
  })
  void decidesByRequestId(int client, int random, String header, char digit, String flag)
      throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        TestBackend collector = TestBackend.answering(OK);
        ProxyHarness proxy =
            proxy(
                a,
                collector,
                manager(
                    "client_sampling: {value: %d}\nrandom_sampling: {value: %d}"
                        .formatted(client, random),
                    OTLP));
        TestClient caller = proxy.client()) {
      caller.send(get("/x", header + "\r\n")).read();

      String id = a.requests.getFirst().header("x-request-id");
      assertEquals(digit, id == null ? '-' : id.charAt(14), id);
      String parent = a.requests.getFirst().header("traceparent");
      assertTrue(parent != null && parent.endsWith("-" + flag), parent);
    }
  }

  @Test
  void tellsZipkin() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        TestBackend collector = TestBackend.answering(ACCEPTED);
        ProxyHarness proxy = proxy(a, collector, manager(TAGS, ZIPKIN));
        TestClient client = proxy.client()) {
      client
          .send(
              get(
                  "/1",
                  "b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90\r\n"))
          .read();
      client
          .send(get("/2", "x-b3-traceid: 463ac35c9f6413ad\r\nx-b3-spanid: a2fb4a1d1a96d312\r\n"))
          .read();
      client.send(get("/3", "b3: 0\r\n")).read();
      client.send(get("/4", "b3: bad\r\n")).read();
      client.send(get("/5", "")).read();
      TestBackend.Request report = sent(collector, 1).getFirst();

      assertEquals("POST /api/v2/spans HTTP/1.1", report.line());
      assertEquals("application/json", report.header("content-type"));
      String json = report.text();
      assertTrue(json.contains("\"traceId\":\"80f198ee56343ba864fe8b2a57d3eff7\""), json);
      assertTrue(json.contains("\"parentId\":\"e457b5a2e4d86bd1\",\"kind\":\"SERVER\""), json);
      assertTrue(json.contains("\"name\":\"router a egress\""), json);
      assertTrue(json.contains("\"http.status_code\":\"200\""), json);
      assertTrue(json.contains("\"traceId\":\"463ac35c9f6413ad\""), json);
      String single = a.requests.get(0).header("b3");
      assertTrue(single != null && single.startsWith("80f198ee56343ba864fe8b2a57d3eff7-"));
      assertEquals("463ac35c9f6413ad", a.requests.get(1).header("x-b3-traceid"));
      assertEquals("1", a.requests.get(1).header("x-b3-sampled"));
      String off = a.requests.get(2).header("b3");
      assertTrue(off != null && off.contains("-0-"), off);
      assertEquals("bad", a.requests.get(3).header("b3"));
      String fresh = a.requests.get(4).header("x-b3-traceid");
      assertEquals(32, fresh == null ? 0 : fresh.length());
      awaitEquals(1L, () -> proxy.counter("tracing.zipkin.reports_sent"));
      assertEquals(5, proxy.counter("tracing.zipkin.spans_sent"));
    }
  }

  @Test
  void tellsDatadog() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        TestBackend agent = TestBackend.answering(OK);
        ProxyHarness proxy = proxy(a, agent, manager(TAGS, DATADOG));
        TestClient client = proxy.client()) {
      client
          .send(
              get(
                  "/1",
                  "x-datadog-trace-id: 1234567890123456789\r\nx-datadog-parent-id: 987654321\r\n"
                      + "x-datadog-sampling-priority: 1\r\nx-datadog-origin: synth\r\n"
                      + "x-datadog-tags: _dd.p.dm=-4,_dd.p.tid=640cfd8d00000000,x=y\r\n"))
          .read();
      client
          .send(
              get(
                  "/2",
                  "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
                      + "tracestate: x=1\r\n"))
          .read();
      client.send(get("/3", "x-datadog-trace-id: bad\r\nx-datadog-parent-id: 1\r\n")).read();
      TestBackend.Request report = sent(agent, 1).getFirst();

      assertEquals("POST /v0.4/traces HTTP/1.1", report.line());
      assertEquals("3", report.header("x-datadog-trace-count"));
      assertEquals("application/msgpack", report.header("content-type"));
      assertEquals(0x93, bytes(report)[0] & 0xFF);
      assertTrue(report.text().contains("envoy.proxy"));
      TestBackend.Request first = a.requests.get(0);
      assertEquals("1234567890123456789", first.header("x-datadog-trace-id"));
      assertEquals("1", first.header("x-datadog-sampling-priority"));
      assertEquals("_dd.p.dm=-4,_dd.p.tid=640cfd8d00000000", first.header("x-datadog-tags"));
      String parent = first.header("traceparent");
      assertTrue(parent != null && parent.startsWith("00-640cfd8d00000000112210f47de98115-"));
      String state = first.header("tracestate");
      assertTrue(state != null && state.endsWith(";o:synth;t.dm:-4"), state);
      String second = a.requests.get(1).header("tracestate");
      assertTrue(second != null && second.endsWith(",x=1"), second);
      assertEquals("9532127138774266268", a.requests.get(1).header("x-datadog-trace-id"));
      assertEquals("1", a.requests.get(2).header("x-datadog-sampling-priority"));
      awaitEquals(1L, () -> proxy.counter("tracing.datadog.reports_sent"));
    }
  }

  @Test
  void leavesRequestsAloneWithoutProvider() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        TestBackend collector = TestBackend.answering(OK);
        ProxyHarness proxy = proxy(a, collector, ManagerYaml.manager(ROUTES) + "tracing: {}\n");
        TestClient client = proxy.client()) {
      String answer = client.send(get("/named", "")).read().head();
      assertFalse(answer.contains("decorator"), answer);
      assertNull(a.requests.getFirst().header("traceparent"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "random_sampling: {value: 101} | tracing.random_sampling.value",
        "custom_tags: [{tag: '', literal: {value: x}}] | tracing.custom_tags[0].tag",
        "custom_tags: [{tag: t}] | tracing.custom_tags[0]",
        "custom_tags: [{tag: t, metadata: {kind: {host: {}}, metadata_key: {key: k, path: [{key: p}]}}}] | kind.host",
        "operation: '%NOPE%' | tracing.operation",
        "upstream_operation: '%REQ(' | tracing.upstream_operation",
      })
  void refusesByName(String tracing, String path) {
    try (ProxyHarness proxy = new ProxyHarness()) {
      factories(proxy).forEach(proxy::tracer);
      String errors =
          assertThrows(IllegalArgumentException.class, () -> proxy.parse(manager(tracing, OTLP)))
              .getMessage();
      assertTrue(errors != null && errors.contains(path.strip()), errors);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ZipkinConfig, collector_cluster: c, collector_endpoint: /x, collector_endpoint_version: HTTP_PROTO | collector_endpoint_version",
        "ZipkinConfig, collector_cluster: c, collector_endpoint: x, collector_endpoint_version: HTTP_JSON | collector_endpoint",
        "DatadogConfig, collector_cluster: c | service_name",
        "DatadogConfig, collector_cluster: c, service_name: s, remote_config: {} | remote_config",
        "OpenTelemetryConfig, grpc_service: {google_grpc: {target_uri: x, stat_prefix: y}} | google_grpc",
        "OpenTelemetryConfig, sampler: {name: x, typed_config: {'@type': type.googleapis.com/envoy.extensions.tracers.opentelemetry.samplers.v3.DynatraceSamplerConfig}} | sampler",
        "OpenTelemetryConfig, resource_detectors: [{name: x, typed_config: {'@type': type.googleapis.com/envoy.extensions.tracers.opentelemetry.resource_detectors.v3.DynatraceResourceDetectorConfig}}] | resource_detectors",
        "SkyWalkingConfig, grpc_service: {envoy_grpc: {cluster_name: c}} | provider",
      })
  void refusesProvidersByName(String provider, String path) {
    try (ProxyHarness proxy = new ProxyHarness()) {
      factories(proxy).forEach(proxy::tracer);
      String yaml = "name: x\ntyped_config: {'@type': " + CONFIG + provider.strip() + "}\n";
      String errors =
          assertThrows(
                  IllegalArgumentException.class, () -> proxy.parse(manager("verbose: true", yaml)))
              .getMessage();
      assertTrue(errors != null && errors.contains(path.strip()), errors);
    }
  }
}
