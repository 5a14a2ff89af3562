package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.filter.grpcstats.GrpcStatsFilterFactory;
import io.meltemi.proxy.http.filter.grpcweb.GrpcWebFilterFactory;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** gRPC-Web through a whole chain; the answers are those of Envoy 1.40 to the same requests. */
final class GrpcWebTest {
  private static final String FRAMES = "\0\0\0\0\5hello\0\0\0\0\0\0\0\0\0\6world!";
  private static final String TRAILERS = "\u0080\0\0\0\27grpc-status:0\r\nx-tr:1\r\n";
  private static final String ROUTES =
      """
      - match: {prefix: /no}
        direct_response: {status: 403, body: {inline_string: "no way"}}
      - match: {prefix: /}
        route: {cluster: a}
      """;

  private static String manager() {
    return ManagerYaml.manager(ROUTES)
        .replace(
            "http_filters:\n",
            """
            http_filters:
            - name: envoy.filters.http.grpc_web
              typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb}
            - name: envoy.filters.http.grpc_stats
              typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig, stats_for_all_methods: true}
            """);
  }

  private static ProxyHarness proxy(TestBackend a) {
    ProxyHarness proxy = new ProxyHarness();
    proxy
        .filter(new GrpcWebFilterFactory(proxy.clusters, proxy.stats))
        .filter(new GrpcStatsFilterFactory(proxy.clusters, proxy.stats))
        .cluster("a", a);
    return proxy.start(manager());
  }

  private static String chunked(String type, int piece, String body, String trailers) {
    StringBuilder text =
        new StringBuilder(
            "HTTP/1.1 200 OK\r\ncontent-type: " + type + "\r\ntransfer-encoding: chunked\r\n\r\n");
    for (int at = 0; at < body.length(); at += piece) {
      String part = body.substring(at, Math.min(body.length(), at + piece));
      text.append(Integer.toHexString(part.length())).append("\r\n").append(part).append("\r\n");
    }
    return text.append("0\r\n").append(trailers).append("\r\n").toString();
  }

  private static String post(String path, String type, String accept, String body) {
    return "POST "
        + path
        + " HTTP/1.1\r\nHost: t\r\ncontent-type: "
        + type
        + "\r\naccept: "
        + accept
        + "\r\ncontent-length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  @ParameterizedTest
  @CsvSource({
    "application/grpc-web, '*/*', abcd, 100",
    "application/grpc-web+proto, '', abcd, 3",
    "application/grpc-web-text, '*/*', YWJjZA==, 100",
    "application/grpc-web-text, application/grpc-web-text, YWJjZA==, 100",
    "application/grpc-web-text+proto, application/grpc-web-text+proto, YWJjZA==, 1",
  })
  void aCallOfABrowserIsAGrpcCall(String type, String accept, String body, int piece)
      throws Exception {
    String answer = chunked("application/grpc", piece, FRAMES, "grpc-status: 0\r\nX-Tr: 1\r\n");
    try (TestBackend a = TestBackend.answering(answer);
        ProxyHarness proxy = proxy(a);
        TestClient client = proxy.client()) {
      for (int i = 1; i <= 2; i++) {
        TestClient.Response response = client.send(post("/p.S/M?q=1", type, accept, body)).read();
        assertEquals(200, response.status());
        boolean text = accept.contains("text");
        assertEquals(
            "application/grpc-web" + (text ? "-text" : "") + "+proto",
            response.header("content-type"));
        assertEquals(
            text
                ? coded("\0\0\0\0\5hello")
                    + coded("\0\0\0\0\0")
                    + coded("\0\0\0\0\6world!")
                    + coded(TRAILERS)
                : FRAMES + TRAILERS,
            response.body());
        TestBackend.Request request = a.requests.get(i - 1);
        assertEquals("abcd", request.text());
        assertEquals("application/grpc", request.header("content-type"));
        assertEquals("trailers", request.header("te"));
        assertEquals("identity", request.header("grpc-accept-encoding"));
        assertNull(request.header("content-length"));
        assertEquals(i, proxy.counter("cluster.a.grpc-web.p.S.M.total"));
        assertEquals(i, proxy.counter("cluster.a.grpc-web.p.S.M.success"));
        assertEquals(i, proxy.counter("cluster.a.grpc-web.p.S.M.0"));
        assertEquals(i, proxy.counter("cluster.a.grpc.p.S.M.success"));
        assertEquals(3L * i, proxy.counter("cluster.a.grpc.p.S.M.response_message_count"));
      }
    }
  }

  private static String coded(String bytes) {
    return Base64.getEncoder().encodeToString(bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  @ParameterizedTest
  @CsvSource({
    "503, 14, true",
    "503, 14, false",
    "200, 2, false",
    "404, 12, false",
  })
  void anAnswerThatIsNoGrpcBecomesAStatus(int status, int grpcStatus, boolean trailers)
      throws Exception {
    String answer =
        chunked("text/html", 5, "plain text \u00c3\u00a9%", trailers ? "grpc-status: 0\r\n" : "")
            .replace("200 OK", status + " OK");
    try (TestBackend a = TestBackend.answering(answer);
        ProxyHarness proxy = proxy(a);
        TestClient client = proxy.client()) {
      TestClient.Response response =
          client.send(post("/p.S/M", "application/grpc-web", "", "x")).read();
      assertEquals(status, response.status());
      assertEquals("application/grpc-web+proto", response.header("content-type"));
      assertEquals("plain text %C3%A9%25", response.header("grpc-message"));
      assertEquals("" + grpcStatus, response.header("grpc-status"));
      assertEquals("0", response.header("content-length"));
    }
  }

  @Test
  void aLongTextIsCutOff() throws Exception {
    try (TestBackend a = TestBackend.answering(chunked("text/html", 9000, "y".repeat(27_000), ""));
        ProxyHarness proxy = proxy(a);
        TestClient client = proxy.client()) {
      TestClient.Response response =
          client.send(post("/p.S/M", "application/grpc-web", "", "x")).read();
      assertEquals("y".repeat(16_384), response.header("grpc-message"));
    }
  }

  @Test
  void answersOfTheProxyAreInTheSameForm() throws Exception {
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        ProxyHarness proxy = proxy(a);
        TestClient client = proxy.client()) {
      TestClient.Response response =
          client.send(post("/no", "application/grpc-web", "", "x")).read();
      assertEquals(403, response.status());
      assertEquals("7", response.header("grpc-status"));
      assertEquals("no way", response.header("grpc-message"));
      assertEquals("application/grpc-web+proto", response.header("content-type"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "YWJjZA=, grpc_base_64_decode_failed_bad_size",
    "YWJ*ZA==, grpc_base_64_decode_failed",
    "YWI=YWI=, grpc_base_64_decode_failed",
    "YWK=, grpc_base_64_decode_failed",
  })
  void aBrokenTextIsRefused(String body, String details) throws Exception {
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        ProxyHarness proxy = proxy(a);
        TestClient client = proxy.client()) {
      TestClient.Response response =
          client.send(post("/p.S/M", "application/grpc-web-text", "", body)).read();
      assertEquals(400, response.status());
      assertEquals("13", response.header("grpc-status"));
      assertEquals("Bad gRPC-web request, invalid base64 data.", response.header("grpc-message"));
      assertTrue(proxy.log().startsWith("/p.S/M 400 - " + details), proxy.log());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/grpc", "application/grpc-web+json", "text/plain"})
  void otherCallsPassAsTheyAre(String type) throws Exception {
    try (TestBackend a =
            TestBackend.answering(chunked("application/grpc", 9, FRAMES, "grpc-status: 0\r\n"));
        ProxyHarness proxy = proxy(a);
        TestClient client = proxy.client()) {
      assertEquals(
          FRAMES + "[grpc-status: 0]", client.send(post("/p.S/M", type, "", "x")).read().body());
      assertEquals(type, a.requests.getFirst().header("content-type"));
      assertEquals(0, proxy.counter("cluster.a.grpc-web.p.S.M.total"));
    }
  }

  @Test
  void namesOfMethodsHaveTwoParts() {
    assertEquals("a.B.c", GrpcMethods.method("/a.B/c"));
    assertEquals("a.B.c", GrpcMethods.method("/a.B/c?x=/y"));
    assertEquals("a.b", GrpcMethods.method("//a//b/#/d"));
    assertEquals("", GrpcMethods.method("/a"));
    assertEquals("", GrpcMethods.method("/a/b/c"));
    assertEquals("", GrpcMethods.method("/?a/b"));
    assertEquals("", GrpcMethods.method(""));
  }

  @Test
  void onlySoManyMethodsAreCounted() {
    ProxyHarness harness = new ProxyHarness().cluster("a", new TestBackend[0]);
    try (harness) {
      GrpcMethods methods = new GrpcMethods(harness.stats, "grpc");
      HeaderBlock headers = new HeaderBlock();
      int counted = 0;
      for (int i = 0; i < 3000; i++) {
        headers.set(HeaderName.PATH, "/s/m" + i);
        counted +=
            methods.of(java.util.Objects.requireNonNull(harness.clusters.get("a")), headers) == null
                ? 0
                : 1;
      }
      assertEquals(2048, counted);
      assertEquals(952, harness.counter("grpc.methods_overflow"));
    }
  }
}
