package io.meltemi.proxy.http;

import static io.meltemi.proxy.http.ManagerYaml.TO_A;
import static io.meltemi.proxy.http.ManagerYaml.manager;
import static io.meltemi.proxy.http.TestBackend.OK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the connection manager does to headers and paths, and what its parser refuses. */
final class ConnectionManagerTest {
  @Test
  void isAnEdge() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy = ProxyHarness.before(a, "use_remote_address: true");
        TestClient client = proxy.client()) {
      client.send(
          "GET / HTTP/1.1\r\nHost: t\r\nx-forwarded-for: 1.2.3.4\r\nx-request-id: mine\r\n"
              + "x-forwarded-proto: https\r\nx-envoy-retry-on: 5xx\r\nx-envoy-internal: true\r\n"
              + "x-envoy-upstream-rq-timeout-ms: 1\r\nx-forwarded-client-cert: By=me\r\n\r\n");
      assertEquals(200, client.read().status());
      TestBackend.Request request = a.requests.getFirst();
      assertEquals("1.2.3.4,127.0.0.1", request.header("x-forwarded-for"));
      assertEquals("127.0.0.1", request.header("x-envoy-external-address"));
      assertEquals("http", request.header("x-forwarded-proto"));
      assertNotEquals("mine", request.header("x-request-id"));
      assertNull(request.header("x-envoy-internal"));
      assertNull(request.header("x-envoy-retry-on"));
      assertNull(request.header("x-forwarded-client-cert"));
      assertEquals("15000", request.header("x-envoy-expected-rq-timeout-ms"));
    }
  }

  @Test
  void believesInternalClients() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy =
            ProxyHarness.before(
                a,
                "internal_address_config: {cidr_ranges: [{address_prefix: 10.0.0.0,"
                    + " prefix_len: 8}]}");
        TestClient client = proxy.client()) {
      client.send(
          "GET / HTTP/1.1\r\nHost: t\r\nx-forwarded-for: 10.1.2.3\r\nx-request-id: mine\r\n"
              + "x-envoy-upstream-rq-timeout-ms: 2500\r\n\r\n");
      assertEquals(200, client.read().status());
      TestBackend.Request request = a.requests.getFirst();
      assertEquals("true", request.header("x-envoy-internal"));
      assertEquals("mine", request.header("x-request-id"));
      assertEquals("2500", request.header("x-envoy-expected-rq-timeout-ms"));
      assertNull(request.header("x-envoy-upstream-rq-timeout-ms"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/a/../b, /b",
    "/a/./b?q=/../x, /a/b?q=/../x",
    "/a//b, /a/b",
    "/%61%2e%2E/..//c, /c",
    "/a%20b, /a%20b",
    "/.., /",
    "/a\\..\\b, /b",
    "/a%2fb, /a/b",
  })
  void normalizesPaths(String sent, String seen) throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy =
            ProxyHarness.before(
                a,
                "normalize_path: true\nmerge_slashes: true\n"
                    + "path_with_escaped_slashes_action: UNESCAPE_AND_FORWARD");
        TestClient client = proxy.client()) {
      assertEquals(200, client.get(sent).status());
      assertEquals("GET " + seen + " HTTP/1.1", a.requests.getFirst().line());
    }
  }

  @Test
  void refusesBrokenPaths() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy = ProxyHarness.before(a, "normalize_path: true");
        TestClient client = proxy.client()) {
      assertEquals(400, client.get("/%zz").status());
      assertEquals(400, client.get("/a%00b").status());
      assertEquals(400, client.get("/a%2").status());
      assertEquals(200, client.get("/ok").status());
      assertEquals(1, a.requests.size());
    }
  }

  @Test
  void servesHttp10WhenAsked() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy =
            ProxyHarness.before(
                a,
                "http_protocol_options: {accept_http_10: true, default_host_for_http_10:"
                    + " d}")) {
      try (TestClient client = proxy.client()) {
        client.send("GET / HTTP/1.0\r\n\r\n");
        assertTrue(client.readAll().endsWith("hello"));
        assertEquals("d", a.requests.getFirst().header("host"));
      }
      try (TestClient client = proxy.client()) {
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assertEquals("keep-alive", client.read().header("connection"));
        client.send("GET / HTTP/1.0\r\n\r\n");
        assertEquals("close", client.read().header("connection"));
      }
    }
  }

  @Test
  void endsIdleConnectionsAndSlowHeads() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy =
            ProxyHarness.before(
                a,
                "common_http_protocol_options: {idle_timeout: 0.05s}\n"
                    + "request_headers_timeout: 0.05s")) {
      try (TestClient client = proxy.client()) {
        assertEquals(200, client.get("/").status());
        assertTrue(client.isClosedByPeer());
      }
      try (TestClient client = proxy.client()) {
        client.send("GET / HTT");
        assertEquals(408, client.read().status());
        assertTrue(client.isClosedByPeer());
      }
      assertEquals(1, proxy.counter("http.t.downstream_rq_header_timeout"));
      assertEquals(1, proxy.counter("http.t.downstream_cx_idle_timeout"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "local_reply_config: {mappers: []}|local_reply_config",
        "codec_type: HTTP3|codec_type",
        "proxy_status_config: {}|proxy_status_config",
        "common_http_protocol_options: {max_response_headers_kb: 3}|max_response_headers_kb",
        "http_protocol_options: {allow_chunked_length: true}|allow_chunked_length",
        "upgrade_configs: [{upgrade_type: CONNECT-UDP}]|upgrade_configs[0].upgrade_type",
        "max_request_headers_kb: 9000|max_request_headers_kb",
        "stream_idle_timeout: -1s|stream_idle_timeout",
      })
  void refusesWhatItDoesNotHave(String text) throws Exception {
    String yaml = text.substring(0, text.indexOf('|'));
    String path = text.substring(text.indexOf('|') + 1);
    try (ProxyHarness proxy = new ProxyHarness()) {
      IllegalArgumentException error =
          assertThrows(IllegalArgumentException.class, () -> proxy.parse(manager(TO_A, yaml)));
      assertTrue(String.valueOf(error.getMessage()).contains(path), error.getMessage());
    }
  }
}
