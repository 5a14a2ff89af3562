package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.BoolValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;
import io.envoyproxy.envoy.config.core.v3.QueryParameter;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.ExtAuthz;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute;
import io.envoyproxy.envoy.service.auth.v3.CheckRequest;
import io.envoyproxy.envoy.service.auth.v3.CheckResponse;
import io.envoyproxy.envoy.service.auth.v3.DeniedHttpResponse;
import io.envoyproxy.envoy.service.auth.v3.OkHttpResponse;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.http.filter.extauthz.ExtAuthzFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Services of both kinds that allow, refuse and fail; the answers are those of Envoy 1.40. */
final class ExtAuthzTest {
  private static final String TYPE =
      "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.";
  private static final String HTTP =
      """
      http_service:
        server_uri: {uri: "http://auth.test/x", cluster: auth, timeout: 5s}
        path_prefix: /auth
        authorization_request: {headers_to_add: [{key: x-added, value: "%PROTOCOL%"}]}
        authorization_response:
          allowed_upstream_headers: {patterns: [{exact: x-user}]}
          allowed_upstream_headers_to_append: {patterns: [{exact: x-role}]}
          allowed_client_headers_on_success: {patterns: [{exact: x-note}]}
      """;
  private static final String GRPC =
      "grpc_service: {envoy_grpc: {cluster_name: auth}, timeout: 5s}\n";
  private static final String ROUTES =
      """
      - match: {prefix: /off}
        route: {cluster: a}
        typed_per_filter_config:
          envoy.filters.http.ext_authz: {"@type": %1$sExtAuthzPerRoute, disabled: true}
      - match: {prefix: /extended}
        route: {cluster: a}
        metadata: {filter_metadata: {ns: {n: 1, l: [true, {}]}}}
        typed_per_filter_config:
          envoy.filters.http.ext_authz:
            "@type": %1$sExtAuthzPerRoute
            check_settings: {context_extensions: {k: v}, disable_request_body_buffering: true}
      - match: {prefix: /}
        route: {cluster: a}
      """
          .formatted(TYPE);

  private static String manager(String service) {
    return ManagerYaml.manager(ROUTES)
        .replace(
            "http_filters:\n",
            """
            http_filters:
            - name: envoy.filters.http.ext_authz
              typed_config:
                "@type": %sExtAuthz
                transport_api_version: V3
            %s"""
                .formatted(TYPE, service.indent(4)));
  }

  private static ProxyHarness proxy(TestBackend a, TestBackend auth, String service)
      throws Exception {
    ProxyHarness proxy = new ProxyHarness();
    proxy.filter(factory(proxy));
    return proxy.cluster("a", a).cluster("auth", auth).start(manager(service));
  }

  private static ExtAuthzFilterFactory factory(ProxyHarness proxy) {
    return new ExtAuthzFilterFactory(proxy.upstreamClient(), proxy.clusters, Ticker.system());
  }

  private static TestBackend grpc(CheckResponse answer) throws Exception {
    byte[] message = answer.toByteArray();
    byte[] frame = new byte[5 + message.length];
    frame[3] = (byte) (message.length >>> 8);
    frame[4] = (byte) message.length;
    System.arraycopy(message, 0, frame, 5, message.length);
    return TestBackend.answering(
        "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: 0\r\ncontent-length: "
            + frame.length
            + "\r\n\r\n"
            + new String(frame, StandardCharsets.ISO_8859_1));
  }

  private static CheckRequest asked(TestBackend auth) throws Exception {
    byte[] frame = auth.requests.getFirst().text().getBytes(StandardCharsets.ISO_8859_1);
    return CheckRequest.parser().parseFrom(frame, 5, frame.length - 5);
  }

  private static HeaderValueOption.Builder header(String name, String value) {
    return HeaderValueOption.newBuilder()
        .setHeader(HeaderValue.newBuilder().setKey(name).setValue(value));
  }

  @SuppressWarnings("deprecation") // what services still send
  private static HeaderValueOption header(String name, String value, boolean append) {
    return header(name, value).setAppend(BoolValue.of(append)).build();
  }

  @Test
  void anHttpServiceLetsPass() throws Exception {
    String answer =
        "HTTP/1.1 200 OK\r\nx-user: u\r\nx-role: r\r\nx-note: n\r\nx-other: o\r\n"
            + "x-envoy-auth-headers-to-remove: x-bad , :path,host\r\ncontent-length: 0\r\n\r\n";
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend auth = TestBackend.answering(answer);
        ProxyHarness proxy = proxy(a, auth, HTTP);
        TestClient client = proxy.client()) {
      TestClient.Response response =
          client
              .send(
                  "GET /p?q=1 HTTP/1.1\r\nHost: h\r\nauthorization: z\r\nx-user: me\r\n"
                      + "x-role: had\r\nx-bad: b\r\n\r\n")
              .read();
      assertEquals(200, response.status());
      assertEquals("n", response.header("x-note"));
      TestBackend.Request told = auth.requests.getFirst();
      assertEquals("GET /auth/p?q=1 HTTP/1.1", told.line());
      assertEquals("h", told.header("host"));
      assertEquals("z", told.header("authorization"));
      assertEquals("0", told.header("content-length"));
      assertEquals("HTTP/1.1", told.header("x-added"));
      assertEquals(null, told.header("x-user"));
      TestBackend.Request passed = a.requests.getFirst();
      assertEquals("GET /p?q=1 HTTP/1.1", passed.line());
      assertEquals("h", passed.header("host"));
      assertEquals("u", passed.header("x-user"));
      assertTrue(passed.head().contains("\r\nx-role: r\r\n"), passed.head());
      assertEquals(null, passed.header("x-bad"));
      assertEquals(null, passed.header("x-other"));
      assertEquals(1, proxy.counter("http.t.ext_authz.ok"));
      assertEquals(1, proxy.counter("cluster.a.ext_authz.ok"));
    }
  }

  @Test
  void thePathMayBeOneOfItsOwn() throws Exception {
    String answer = "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n";
    String service =
        HTTP.replace(
            "path_prefix: /auth",
            "path_override: /own\n  retry_policy: {num_retries: 2, retry_on: 5xx,"
                + " retry_back_off: {base_interval: 0.001s}}");
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend auth = TestBackend.answering(answer);
        ProxyHarness proxy = proxy(a, auth, service);
        TestClient client = proxy.client()) {
      assertEquals(403, client.get("/p?q").status());
      assertEquals(3, auth.requests.size());
      assertEquals("GET /own HTTP/1.1", auth.requests.getFirst().line());
      assertEquals(2, proxy.counter("cluster.auth.upstream_rq_retry"));
      assertEquals(1, proxy.counter("cluster.auth.upstream_rq_retry_limit_exceeded"));
    }
  }

  @Test
  void anHttpServiceRefuses() throws Exception {
    String answer =
        "HTTP/1.1 302 Found\r\nlocation: /login\r\nset-cookie: a\r\nset-cookie: b\r\n"
            + "content-type: text/html\r\ncontent-length: 2\r\n\r\nno";
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend auth = TestBackend.answering(answer);
        ProxyHarness proxy = proxy(a, auth, HTTP + "stat_prefix: sp");
        TestClient client = proxy.client()) {
      TestClient.Response response = client.get("/p");
      assertEquals(302, response.status());
      assertEquals("no", response.body());
      assertEquals("/login", response.header("location"));
      assertEquals("text/html", response.header("content-type"));
      assertTrue(response.head().contains("set-cookie: a\r\nset-cookie: b\r\n"), response.head());
      assertEquals(200, client.get("/off").status());
      assertEquals(1, auth.requests.size());
      assertEquals(1, proxy.counter("http.t.ext_authz.sp.denied"));
      assertEquals(1, proxy.counter("cluster.a.ext_authz.sp.denied"));
      assertEquals(1, proxy.counter("cluster.a.upstream_rq_302"));
      assertTrue(proxy.log().startsWith("/p 302 UAEX ext_authz_denied"), proxy.log());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "HTTP/1.1 503 Busy|content-length: 0||, '', 403",
    "HTTP/1.1 503 Busy|content-length: 0||, 'status_on_error: {code: BadGateway}', 502",
    "garbage||, '', 403",
    "HTTP/1.1 500 No|content-length: 0||, 'failure_mode_allow: true', 200",
  })
  void failuresRefuseOrPass(String answer, String setting, int status) throws Exception {
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend auth = TestBackend.answering(answer.replace("|", "\r\n"));
        ProxyHarness proxy =
            proxy(a, auth, HTTP + "failure_mode_allow_header_add: true\n" + setting);
        TestClient client = proxy.client()) {
      assertEquals(status, client.get("/p").status());
      assertEquals(1, proxy.counter("http.t.ext_authz.error"));
      boolean passes = status == 200;
      assertEquals(passes ? 1 : 0, proxy.counter("http.t.ext_authz.failure_mode_allowed"));
      if (passes) {
        assertEquals("true", a.requests.getFirst().header("x-envoy-auth-failure-mode-allowed"));
      } else {
        assertTrue(proxy.log().startsWith("/p " + status + " UAEX ext_authz_error"), proxy.log());
      }
    }
  }

  @Test
  void aGrpcServiceIsToldOfTheRequest() throws Exception {
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend auth = grpc(CheckResponse.getDefaultInstance());
        ProxyHarness proxy =
            proxy(
                a,
                auth,
                GRPC
                    + "disallowed_headers: {patterns: [{prefix: x-secret}]}\n"
                    + "route_metadata_context_namespaces: [ns]\n");
        TestClient client = proxy.client()) {
      client.send(
          "GET /extended?q HTTP/1.1\r\nHost: h\r\nx-a: 1\r\nx-a: 2\r\nx-secret-k: s\r\n\r\n");
      assertEquals(200, client.read().status());
      assertEquals(
          "POST /envoy.service.auth.v3.Authorization/Check HTTP/1.1",
          auth.requests.getFirst().line());
      CheckRequest told = asked(auth);
      var http = told.getAttributes().getRequest().getHttp();
      assertEquals("GET", http.getMethod());
      assertEquals("/extended?q", http.getPath());
      assertEquals("h", http.getHost());
      assertEquals("HTTP/1.1", http.getProtocol());
      assertEquals("1,2", http.getHeadersMap().get("x-a"));
      assertFalse(http.getHeadersMap().containsKey("x-secret-k"));
      assertTrue(told.getAttributes().getRequest().getTime().getSeconds() > 1_000_000_000);
      assertEquals("{k=v}", told.getAttributes().getContextExtensionsMap().toString());
      assertEquals(
          "127.0.0.1",
          told.getAttributes().getDestination().getAddress().getSocketAddress().getAddress());
      Struct metadata =
          told.getAttributes().getRouteMetadataContext().getFilterMetadataMap().get("ns");
      assertNotNull(metadata);
      assertEquals(1.0, metadata.getFieldsOrThrow("n").getNumberValue());
      assertTrue(metadata.getFieldsOrThrow("l").getListValue().getValues(0).getBoolValue());
    }
  }

  @Test
  void aGrpcServiceChangesTheRequest() throws Exception {
    CheckResponse answer =
        CheckResponse.newBuilder()
            .setOkResponse(
                OkHttpResponse.newBuilder()
                    .addHeaders(header("x-new", "n"))
                    .addHeaders(header("x-had", "over"))
                    .addHeaders(header("x-list", "more", true))
                    .addHeaders(header("x-none", "more", true))
                    .addHeaders(header("x-bad\r\n", "v"))
                    .addHeadersToRemove("x-gone")
                    .addHeadersToRemove(":path")
                    .addResponseHeadersToAdd(header("x-resp", "r1"))
                    .addResponseHeadersToAdd(header("x-resp", "r2", true))
                    .addResponseHeadersToAdd(
                        header("server-x", "s")
                            .setAppendAction(HeaderAppendAction.OVERWRITE_IF_EXISTS))
                    .addQueryParametersToSet(QueryParameter.newBuilder().setKey("q").setValue("2"))
                    .addQueryParametersToRemove("z"))
            .setDynamicMetadata(
                Struct.newBuilder().putFields("k", Value.newBuilder().setBoolValue(true).build()))
            .build();
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend auth = grpc(answer);
        ProxyHarness proxy = proxy(a, auth, GRPC);
        TestClient client = proxy.client()) {
      client.send(
          "GET /p?z=1&y&b=3 HTTP/1.1\r\nHost: h\r\nx-had: h\r\nx-list: l\r\nx-gone: g\r\n\r\n");
      TestClient.Response response = client.read();
      assertTrue(response.head().contains("x-resp: r1\r\nx-resp: r2\r\n"), response.head());
      assertEquals(null, response.header("server-x"));
      TestBackend.Request passed = a.requests.getFirst();
      assertEquals("GET /p?b=3&q=2&y= HTTP/1.1", passed.line());
      assertEquals("n", passed.header("x-new"));
      assertEquals("over", passed.header("x-had"));
      assertEquals("l,more", passed.header("x-list"));
      assertEquals(null, passed.header("x-none"));
      assertEquals(null, passed.header("x-gone"));
      assertFalse(passed.head().contains("x-bad"), passed.head());
    }
  }

  @Test
  void badHeadersOfTheServiceAreAnErrorWhenAskedFor() throws Exception {
    CheckResponse answer =
        CheckResponse.newBuilder()
            .setOkResponse(OkHttpResponse.newBuilder().addHeaders(header("x-a", "a\r\nb: c")))
            .build();
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend auth = grpc(answer);
        ProxyHarness proxy = proxy(a, auth, GRPC + "validate_mutations: true");
        TestClient client = proxy.client()) {
      assertEquals(500, client.get("/p").status());
      assertEquals(1, proxy.counter("http.t.ext_authz.invalid"));
      assertEquals(0, a.requests.size());
    }
  }

  @Test
  void aGrpcServiceRefuses() throws Exception {
    CheckResponse.Builder answer = CheckResponse.newBuilder();
    answer.getStatusBuilder().setCode(7);
    answer.setDeniedResponse(
        DeniedHttpResponse.newBuilder().setBody("denied").addHeaders(header("x-why", "y")));
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend auth = grpc(answer.build());
        ProxyHarness proxy = proxy(a, auth, GRPC);
        TestClient client = proxy.client()) {
      TestClient.Response response = client.get("/p");
      assertEquals(403, response.status());
      assertEquals("denied", response.body());
      assertEquals("y", response.header("x-why"));
      assertEquals(0, a.requests.size());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "false, short, 200, short, false",
    "false, longer than ten, 413, '', ''",
    "true, longer than ten, 200, longer tha, true",
  })
  void aBodyIsTold(boolean partial, String body, int status, String told, String isPartial)
      throws Exception {
    String setting =
        "with_request_body: {max_request_bytes: 10, allow_partial_message: " + partial + "}";
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend auth = grpc(CheckResponse.getDefaultInstance());
        ProxyHarness proxy = proxy(a, auth, GRPC + setting);
        TestClient client = proxy.client()) {
      client.send(
          "POST /p HTTP/1.1\r\nHost: h\r\nx-envoy-auth-partial-body: maybe\r\ncontent-length: "
              + body.length()
              + "\r\n\r\n"
              + body);
      assertEquals(status, client.read().status());
      if (status == 413) {
        assertEquals(1, proxy.counter("http.t.downstream_rq_too_large"));
        assertEquals(0, auth.requests.size());
        return;
      }
      assertEquals(body, a.requests.getFirst().text());
      var http = asked(auth).getAttributes().getRequest().getHttp();
      assertEquals(told, http.getBody());
      assertEquals(isPartial, http.getHeadersMap().get("x-envoy-auth-partial-body"));
    }
  }

  @Test
  void refusesBadConfigurationByName() {
    ExtAuthz proto =
        FilterJson.merge(
                """
                {'with_request_body': {}, 'http_service': {'path_prefix': 'x'},
                 'encode_raw_headers': true, 'transport_api_version': 'V2'}
                """,
                ExtAuthz.newBuilder())
            .build();
    ParseScope scope = FilterJson.scope();
    try (ProxyHarness proxy = new ProxyHarness()) {
      assertTrue(factory(proxy).parse(Any.pack(proto), scope).isEmpty());
      assertNotNull(factory(proxy).name());
      assertTrue(
          factory(proxy)
              .parseRoute(Any.pack(ExtAuthzPerRoute.getDefaultInstance()), scope)
              .isEmpty());
    }
    assertEquals(
        List.of(
            "encode_raw_headers: true | nothing: this proxy does not support it yet",
            "transport_api_version: V2 | V3",
            "with_request_body.max_request_bytes: 0 | 1 to 2147483647",
            "http_service.path_prefix: x | a slash first",
            "http_service.server_uri.cluster: \"\" | the name of a cluster",
            "http_service.server_uri.timeout: nothing | a timeout",
            "http_service.server_uri.uri: \"\" | a URI",
            ": nothing | disabled or check_settings"),
        FilterJson.errors(scope));
  }
}
