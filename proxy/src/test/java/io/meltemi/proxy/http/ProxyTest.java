package io.meltemi.proxy.http;

import static io.meltemi.proxy.http.ManagerYaml.TO_A;
import static io.meltemi.proxy.http.ManagerYaml.manager;
import static io.meltemi.proxy.http.TestBackend.OK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Whole requests over real sockets. */
final class ProxyTest {
  @Test
  void forwardsAndKeepsConnections() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy = ProxyHarness.before(a);
        TestClient client = proxy.client()) {
      for (int i = 0; i < 3; i++) {
        TestClient.Response response = client.get("/x?y=1");
        assertEquals(200, response.status());
        assertEquals("hello", response.body());
        assertEquals("envoy", response.header("server"));
        assertNotNull(response.header("date"));
        assertNotNull(response.header("x-envoy-upstream-service-time"));
      }
      assertEquals(1, a.connections.get());
      TestBackend.Request request = a.requests.getFirst();
      assertEquals("GET /x?y=1 HTTP/1.1", request.line());
      assertEquals("test", request.header("host"));
      assertEquals("http", request.header("x-forwarded-proto"));
      assertEquals("15000", request.header("x-envoy-expected-rq-timeout-ms"));
      String id = request.header("x-request-id");
      assertNotNull(id);
      assertTrue(id.matches("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
      assertNull(request.header("x-forwarded-for"));
      assertEquals(3, proxy.counter("http.t.downstream_rq_2xx"));
      assertEquals(3, proxy.counter("cluster.a.upstream_rq_200"));
      assertTrue(proxy.log().startsWith("/x?y=1 200 - via_upstream\n"), proxy.log());
    }
  }

  @Test
  void passesBodiesAndTrailers() throws Exception {
    String chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            + "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nx-end: yes\r\n\r\n";
    try (TestBackend a = TestBackend.answering(chunked);
        ProxyHarness proxy = ProxyHarness.before(a);
        TestClient client = proxy.client()) {
      client.send(
          "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
              + "4\r\nwxyz\r\n1\r\n!\r\n0\r\nx-sum: 7\r\n\r\n");
      TestClient.Response response = client.read();
      assertEquals("abcde[x-end: yes]", response.body());
      assertEquals("wxyz![x-sum: 7]", a.requests.getFirst().text());
      client.send("POST /2 HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\n");
      client.send("one");
      assertEquals("abcde[x-end: yes]", client.read().body());
      assertEquals("one", a.requests.get(1).text());
      assertEquals("3", a.requests.get(1).header("content-length"));
    }
  }

  @Test
  void passesLargeBodiesBothWays() throws Exception {
    String large = "0123456789abcdef".repeat(512 * 1024);
    try (TestBackend a =
            new TestBackend(
                (request, out, _) -> {
                  out.write(
                      ("HTTP/1.1 200 OK\r\ncontent-length: " + request.text().length() + "\r\n\r\n")
                          .getBytes(StandardCharsets.US_ASCII));
                  out.write(request.text().getBytes(StandardCharsets.US_ASCII));
                });
        ProxyHarness proxy =
            new ProxyHarness().bufferBytesMax(32 * 1024).cluster("a", a).start(manager(TO_A));
        TestClient client = proxy.client()) {
      client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: " + large.length() + "\r\n\r\n");
      Thread.ofVirtual().start(() -> send(client, large));
      assertEquals(large, client.read().body());
    }
  }

  private static void send(TestClient client, String text) {
    try {
      client.send(text);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void answersPipelinedRequestsInOrder() throws Exception {
    try (TestBackend a = TestBackend.tellingPaths();
        ProxyHarness proxy = ProxyHarness.before(a);
        TestClient client = proxy.client()) {
      StringBuilder all = new StringBuilder();
      for (int i = 0; i < 50; i++) {
        all.append("POST /")
            .append(i)
            .append(" HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab");
      }
      client.send(all.toString());
      for (int i = 0; i < 50; i++) {
        assertEquals("/" + i, client.read().body());
      }
    }
  }

  @Test
  void handlesBodilessAnswersAndClose() throws Exception {
    try (TestBackend a =
            new TestBackend(
                (request, out, socket) -> {
                  String text =
                      switch (request.line().split(" ")[1]) {
                        case "/204" -> "HTTP/1.1 204 No Content\r\n\r\n";
                        case "/304" -> "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n";
                        case "/close" -> "HTTP/1.1 200 OK\r\n\r\nuntil close";
                        case "/100" ->
                            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
                                + OK;
                        default -> "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
                      };
                  out.write(text.getBytes(StandardCharsets.US_ASCII));
                  if (request.line().contains("/close")) {
                    out.flush();
                    socket.close();
                  }
                });
        ProxyHarness proxy = ProxyHarness.before(a);
        TestClient client = proxy.client()) {
      assertEquals(204, client.get("/204").status());
      assertEquals(304, client.get("/304").status());
      client.send("HEAD /head HTTP/1.1\r\nHost: t\r\n\r\n");
      assertEquals("5", client.readHead().header("content-length"));
      assertEquals("hello", client.get("/100").body());
      TestClient.Response response = client.get("/close");
      assertEquals("until close", response.body());
      assertEquals("chunked", response.header("transfer-encoding"));
      client.send("GET /204 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
      assertEquals("close", client.read().header("connection"));
      assertTrue(client.isClosedByPeer());
    }
  }

  @Test
  void answersLocally() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", a)
                .cluster("empty", new TestBackend[0])
                .cluster("refused", s -> s, unusedPort())
                .start(
                    manager(
                        """
                        - match: {path: "/direct"}
                          direct_response: {status: 203, body: {inline_string: "said"}}
                          response_headers_to_add: [{header: {key: x-a, value: b}}]
                        - match: {prefix: "/redirect"}
                          redirect: {host_redirect: other, https_redirect: true, prefix_rewrite: "/new"}
                        - match: {path: "/none"}
                          route: {cluster: empty}
                        - match: {path: "/unknown"}
                          route: {cluster: missing}
                        - match: {path: "/refused"}
                          route: {cluster: refused}
                        """));
        TestClient client = proxy.client()) {
      TestClient.Response direct = client.get("/direct");
      assertEquals(203, direct.status());
      assertEquals("said", direct.body());
      assertEquals("b", direct.header("x-a"));
      assertEquals("text/plain", direct.header("content-type"));
      TestClient.Response redirect = client.get("/redirect/x?q");
      assertEquals(301, redirect.status());
      assertEquals("https://other/new/x?q", redirect.header("location"));
      assertEquals("0", redirect.header("content-length"));
      TestClient.Response none = client.get("/none");
      assertEquals(503, none.status());
      assertEquals("no healthy upstream", none.body());
      assertEquals(503, client.get("/unknown").status());
      TestClient.Response refused = client.get("/refused");
      assertEquals(503, refused.status());
      assertEquals(
          "upstream connect error or disconnect/reset before headers. reset reason: remote"
              + " connection failure",
          refused.body());
      assertEquals(404, client.get("/nowhere").status());
      String log = proxy.log();
      assertTrue(log.contains("/none 503 UH no_healthy_upstream\n"), log);
      assertTrue(log.contains("/unknown 503 NC cluster_not_found\n"), log);
      assertTrue(
          log.contains(
              "/refused 503 UF upstream_reset_before_response_started{remote_connection_failure|"
                  + "delayed_connect_error:_Connection_refused}\n"),
          log);
      assertTrue(log.contains("/nowhere 404 NR route_not_found\n"), log);
      assertTrue(log.contains("/direct 203 - direct_response\n"), log);
    }
  }

  private static java.net.InetSocketAddress unusedPort() throws java.io.IOException {
    try (TestBackend gone = TestBackend.answering("")) {
      return gone.address();
    }
  }

  @Test
  void refusesBrokenRequestsAndCloses() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy = ProxyHarness.before(a)) {
      String[][] cases = {
        {"GET / HTTP/1.1\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"},
        {"GET / HTTP/1.1\nHost: a\n\n", "400"},
        {"GET /\r\n", "400"},
        {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", "426"},
        {"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "403"},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n", "403"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"},
        {
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          "400"
        },
        {"GET / HTTP/1.1\r\nHost: a\r\nx: " + "y".repeat(61 * 1024) + "\r\n\r\n", "431"},
      };
      for (String[] one : cases) {
        try (TestClient client = proxy.client()) {
          client.send(one[0]);
          TestClient.Response response = client.read();
          assertEquals(one[1], String.valueOf(response.status()), one[0]);
          assertEquals("close", response.header("connection"), one[0]);
          assertTrue(client.isClosedByPeer(), one[0]);
        }
      }
      assertEquals(0, a.requests.size());
      assertTrue(proxy.counter("http.t.downstream_cx_protocol_error") >= 5);
    }
  }
}
