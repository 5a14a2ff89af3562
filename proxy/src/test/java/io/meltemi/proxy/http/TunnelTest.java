package io.meltemi.proxy.http;

import static io.meltemi.proxy.http.ManagerYaml.manager;
import static io.meltemi.proxy.testing.Await.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.handler.codec.http2.Http2Headers;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Upgrades and CONNECT, over both versions of HTTP, on both sides. */
final class TunnelTest {
  private static final String UPGRADE =
      " HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
  private static final String CONNECT =
      "CONNECT tcp.example:80 HTTP/1.1\r\nHost: tcp.example:80\r\n\r\n";
  private static final String BOTH =
      "upgrade_configs: [{upgrade_type: WebSocket}, {upgrade_type: CONNECT}]";
  private static final String TO_A = "- {match: {prefix: /}, route: {cluster: a}}\n";
  private static final String TO_TCP =
      """
      - match: {connect_matcher: {}}
        route:
          cluster: tcp
          upgrade_configs: [{upgrade_type: CONNECT, connect_config: {}}]
      - match: {path: /post}
        route:
          cluster: tcp
          upgrade_configs: [{upgrade_type: CONNECT, connect_config: {allow_post: true}}]
      """;

  /** Agrees to every upgrade, then sends back what comes. */
  private static TestBackend upgrading(String bytes) throws IOException {
    return new TestBackend(
        (_, out, socket) -> {
          out.write(
              ("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
                      + "x-b: 1\r\n\r\n"
                      + bytes)
                  .getBytes(StandardCharsets.US_ASCII));
          echo(socket);
        });
  }

  private static void echo(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    OutputStream out = socket.getOutputStream();
    byte[] buffer = new byte[64 * 1024];
    for (int count = in.read(buffer); count > 0; count = in.read(buffer)) {
      out.write(buffer, 0, count);
      if (new String(buffer, 0, Math.min(count, 8), StandardCharsets.US_ASCII).contains("bye")) {
        break;
      }
    }
    socket.close();
  }

  /** A TCP server that sends back what comes, and says so when the client's side has ended. */
  private static final class TcpEcho implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());

    TcpEcho() throws IOException {
      Thread.ofVirtual().start(this::accept);
    }

    InetSocketAddress address() {
      return (InetSocketAddress) server.getLocalSocketAddress();
    }

    private void accept() {
      while (!server.isClosed()) {
        try {
          Socket socket = server.accept();
          Thread.ofVirtual().start(() -> serve(socket));
        } catch (IOException e) {
          return;
        }
      }
    }

    private static void serve(Socket socket) {
      try (socket) {
        socket.getInputStream().transferTo(socket.getOutputStream());
        socket.getOutputStream().write("END".getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        // the test is over
      }
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }

  private static ProxyHarness proxy(TestBackend a) {
    return ProxyHarness.before(a, BOTH);
  }

  private static ProxyHarness toTcp(TcpEcho tcp) {
    return new ProxyHarness()
        .cluster("tcp", UnaryOperator.identity(), tcp.address())
        .start(manager(TO_TCP, BOTH + "\nhttp2_protocol_options: {allow_connect: true}"));
  }

  /** A proxy whose cluster {@code a} is another one, over HTTP/2. */
  private static ProxyHarness before(ProxyHarness next) {
    return new ProxyHarness()
        .cluster("a", ClusterChange.http2(), next.address())
        .start(
            manager(
                TO_A + "- {match: {connect_matcher: {}}, route: {cluster: a}}\n",
                BOTH + "\nhttp2_protocol_options: {allow_connect: true}"));
  }

  @Test
  void passesBytesBehindTheUpgradeBothWays() throws Exception {
    try (TestBackend a = upgrading("EARLY");
        ProxyHarness proxy = proxy(a)) {
      try (TestClient client = proxy.client()) {
        client.send("GET /ws" + UPGRADE);
        TestClient.Response head = client.readHead();
        assertEquals(101, head.status());
        assertEquals("websocket", head.header("upgrade"));
        assertEquals("upgrade", head.header("connection"));
        assertEquals("1", head.header("x-b"));
        assertNull(head.header("content-length"));
        assertNull(head.header("transfer-encoding"));
        assertEquals("EARLY", client.readUntil("EARLY"));
        client.send("one");
        assertEquals("one", client.readUntil("one"));
        client.send("GET / HTTP/1.1\r\nHost: smuggled\r\n\r\n");
        assertEquals(
            "GET / HTTP/1.1\r\nHost: smuggled\r\n\r\n", client.readUntil("smuggled\r\n\r\n"));
        assertEquals(1, proxy.counter("http.t.downstream_cx_upgrades_active"));
      }
      await(() -> proxy.counter("http.t.downstream_cx_upgrades_active") == 0);
      assertEquals(1, proxy.counter("http.t.downstream_cx_upgrades_total"));
      assertEquals(1, proxy.counter("cluster.a.upstream_rq_101"));
      assertEquals("upgrade", a.requests.getFirst().header("connection"));
      assertEquals("websocket", a.requests.getFirst().header("upgrade"));
      await(() -> proxy.log().equals("/ws 101 DC downstream_remote_disconnect\n"));
      await(() -> proxy.counter("cluster.a.upstream_cx_active") == 0);
    }
  }

  @Test
  void holdsWhatComesBeforeTheHostAgrees() throws Exception {
    try (TestBackend a = upgrading("");
        ProxyHarness proxy = proxy(a);
        TestClient client = proxy.client()) {
      String large = "x".repeat(300_000) + "!";
      client.send("GET /ws" + UPGRADE);
      assertEquals(101, client.readHead().status());
      client.send(large);
      assertEquals(large, client.readUntil("!"));
    }
  }

  @Test
  void endsBothSidesWhenTheHostDoes() throws Exception {
    try (TestBackend a = upgrading("");
        ProxyHarness proxy = proxy(a);
        TestClient client = proxy.client()) {
      client.send("GET /ws" + UPGRADE);
      assertEquals(101, client.readHead().status());
      client.send("bye");
      assertEquals("bye", client.readAll());
      await(
          () ->
              proxy
                  .log()
                  .equals(
                      "/ws 101 UC upstream_reset_after_response_started{connection_termination}\n"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "426, hello, via_upstream",
    "503, hello, via_upstream",
    "200, '', websocket_handshake_unsuccessful",
    "302, '', websocket_handshake_unsuccessful"
  })
  void passesARefusal(int status, String body, String details) throws Exception {
    try (TestBackend a =
            TestBackend.answering(
                "HTTP/1.1 " + status + " No\r\nx-b: 1\r\ncontent-length: 5\r\n\r\nhello");
        ProxyHarness proxy = proxy(a);
        TestClient client = proxy.client()) {
      client.send("GET /ws" + UPGRADE + "not HTTP");
      TestClient.Response response = client.read();
      assertEquals(status, response.status());
      assertEquals("1", response.header("x-b"));
      assertEquals("close", response.header("connection"));
      assertEquals(body, response.body());
      assertTrue(client.isClosedByPeer());
      await(() -> proxy.log().equals("/ws " + status + " - " + details + "\n"));
      assertEquals(0, proxy.counter("http.t.downstream_cx_upgrades_active"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', '', 403",
    "'upgrade_configs: [{upgrade_type: websocket, enabled: false}]', '', 403",
    "'upgrade_configs: [{upgrade_type: other}]', '', 403",
    "'', 'upgrade_configs: [{upgrade_type: Websocket}]', 101",
    "'upgrade_configs: [{upgrade_type: websocket}]',"
        + " 'upgrade_configs: [{upgrade_type: websocket, enabled: false}]', 403",
  })
  void asksRouteAndManager(String manager, String route, int status) throws Exception {
    String routes = "- {match: {prefix: /}, route: {cluster: a, " + route + "}}\n";
    try (TestBackend a = upgrading("");
        ProxyHarness proxy = new ProxyHarness().cluster("a", a).start(manager(routes, manager));
        TestClient client = proxy.client()) {
      client.send("GET /ws" + UPGRADE);
      TestClient.Response head = client.readHead();
      assertEquals(status, head.status());
      if (status == 403) {
        assertEquals("close", head.header("connection"));
        await(() -> proxy.log().equals("/ws 403 - upgrade_failed\n"));
        assertEquals(1, proxy.counter("http.t.downstream_rq_ws_on_non_ws_route"));
        assertTrue(client.isClosedByPeer());
      }
    }
  }

  @Test
  void runsTheFiltersOfTheUpgrade() throws Exception {
    String own =
        """
        upgrade_configs:
        - upgrade_type: websocket
          filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              suppress_envoy_headers: true
        """;
    try (TestBackend a = upgrading("");
        ProxyHarness proxy = ProxyHarness.before(a, own)) {
      for (int i = 0; i < 2; i++) {
        try (TestClient client = proxy.client()) {
          client.send("GET /ws" + UPGRADE);
          assertEquals(101, client.readHead().status());
        }
        await(() -> proxy.counter("http.t.downstream_cx_upgrades_active") == 0);
      }
      assertNull(a.requests.getFirst().header("x-envoy-expected-rq-timeout-ms"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "idle_timeout: 0.3s, 101 SI stream_idle_timeout",
    "max_stream_duration: {max_stream_duration: 0.3s}, 101 - max_duration_timeout"
  })
  void endsATunnelThatHasItsTime(String limit, String logged) throws Exception {
    String routes = "- {match: {prefix: /}, route: {cluster: a, " + limit + "}}\n";
    try (TestBackend a = upgrading("");
        ProxyHarness proxy = new ProxyHarness().cluster("a", a).start(manager(routes, BOTH));
        TestClient client = proxy.client()) {
      client.send("GET /ws" + UPGRADE);
      assertEquals(101, client.readHead().status());
      assertTrue(client.isClosedByPeer());
      await(() -> proxy.log().equals("/ws " + logged + "\n"));
    }
  }

  @Test
  void outlivesTheRouteAndRequestTimeouts() throws Exception {
    String routes = "- {match: {prefix: /}, route: {cluster: a, timeout: 0.2s}}\n";
    try (TestBackend a = upgrading("");
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", a)
                .start(manager(routes, BOTH + "\nrequest_timeout: 0.2s"));
        TestClient client = proxy.client()) {
      client.send("GET /ws" + UPGRADE);
      assertEquals(101, client.readHead().status());
      Thread.sleep(500);
      client.send("still");
      assertEquals("still", client.readUntil("still"));
    }
  }

  @Test
  void waitsForAWebSocketAsLongAsTheRouteSays() throws Exception {
    String routes = "- {match: {prefix: /}, route: {cluster: a, timeout: 0.2s}}\n";
    try (TestBackend a = new TestBackend((_, _, socket) -> socket.getInputStream().read());
        ProxyHarness proxy = new ProxyHarness().cluster("a", a).start(manager(routes, BOTH));
        TestClient client = proxy.client()) {
      client.send("GET /ws" + UPGRADE);
      assertEquals(504, client.read().status());
      await(() -> proxy.log().equals("/ws 504 UT response_timeout\n"));
    }
  }

  @Test
  void slowsTheFasterSideDown() throws Exception {
    try (TestBackend a = upgrading("");
        ProxyHarness proxy =
            new ProxyHarness()
                .bufferBytesMax(32 * 1024)
                .cluster("a", a)
                .start(manager(TO_A, BOTH));
        TestClient client = proxy.client()) {
      client.send("GET /ws" + UPGRADE);
      assertEquals(101, client.readHead().status());
      String large = "0123456789abcdef".repeat(512 * 1024) + "!";
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  client.send(large);
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      assertEquals(large, client.readUntil("!"));
    }
  }

  private static Http2Headers extended(String path, String protocol) {
    return Http2TestClient.head("CONNECT", path).set(":protocol", protocol);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void takesAnExtendedConnect(boolean overHttp2) throws Exception {
    try (TestBackend a = upgrading("");
        ProxyHarness last =
            ProxyHarness.before(a, BOTH + "\nhttp2_protocol_options: {allow_connect: true}");
        ProxyHarness first = before(last);
        Http2TestClient client =
            new Http2TestClient(overHttp2 ? first.address() : last.address())) {
      Http2TestClient.Call call = client.request(extended("/ws", "websocket"), false);
      assertEquals("head", call.next());
      assertEquals(200, call.status());
      assertEquals("1", call.header("x-b"));
      assertFalse(call.head.contains("upgrade"));
      client.data(call, "hello", false);
      call.next();
      assertEquals("hello", call.body.toString());
      assertEquals("GET /ws HTTP/1.1", a.requests.getFirst().line());
      assertEquals("websocket", a.requests.getFirst().header("upgrade"));
      assertEquals("upgrade", a.requests.getFirst().header("connection"));
      client.data(call, "bye", false);
      assertEquals(overHttp2 ? "reset INTERNAL_ERROR" : "reset CONNECT_ERROR", call.end());
      await(
          () ->
              last.log()
                  .equals(
                      "/ws 101 UC upstream_reset_after_response_started{connection_termination}\n"));
      if (overHttp2) {
        await(
            () ->
                first
                    .log()
                    .equals(
                        "/ws 101 UR upstream_reset_after_response_started"
                            + "{remote_error_with_CONNECT_request}\n"));
      }
    }
  }

  @Test
  void translatesAnUpgradeForHostsOfHttp2() throws Exception {
    try (TestBackend a = upgrading("");
        ProxyHarness last =
            ProxyHarness.before(a, BOTH + "\nhttp2_protocol_options: {allow_connect: true}");
        ProxyHarness first = before(last);
        TestClient client = first.client()) {
      client.send("GET /ws" + UPGRADE);
      TestClient.Response head = client.readHead();
      assertEquals(101, head.status());
      assertEquals("websocket", head.header("upgrade"));
      client.send("hello");
      assertEquals("hello", client.readUntil("hello"));
      assertEquals(1, first.counter("cluster.a.upstream_rq_101"));
      assertEquals(1, last.counter("http.t.downstream_cx_upgrades_active"));
    }
  }

  @Test
  void refusesExtendedConnectWhereItIsNotAllowed() throws Exception {
    try (TestBackend a = upgrading("");
        ProxyHarness proxy = proxy(a);
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      assertEquals(
          "reset PROTOCOL_ERROR", client.request(extended("/ws", "websocket"), false).end());
      assertTrue(a.requests.isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a\u0001"})
  void refusesBrokenProtocols(String protocol) throws Exception {
    try (TestBackend a = upgrading("");
        ProxyHarness proxy =
            ProxyHarness.before(a, BOTH + "\nhttp2_protocol_options: {allow_connect: true}");
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      assertTrue(client.request(extended("/ws", protocol), false).end().startsWith("reset"));
      Http2Headers get = Http2TestClient.head("GET", "/").set(":protocol", "websocket");
      assertTrue(client.request(get, true).end().startsWith("reset"));
      assertTrue(a.requests.isEmpty());
    }
  }

  @Test
  void endsConnectAtATcpHost() throws Exception {
    try (TcpEcho tcp = new TcpEcho();
        ProxyHarness proxy = toTcp(tcp)) {
      try (TestClient client = proxy.client()) {
        client.send(CONNECT + "early");
        TestClient.Response head = client.readHead();
        assertEquals(200, head.status());
        assertNull(head.header("content-length"));
        assertNull(head.header("transfer-encoding"));
        assertNull(head.header("connection"));
        assertEquals("early", client.readUntil("early"));
        client.send("more");
        assertEquals("more", client.readUntil("more"));
        assertEquals(1, proxy.counter("cluster.tcp.upstream_cx_active"));
      }
      await(() -> proxy.counter("cluster.tcp.upstream_cx_active") == 0);
      await(() -> proxy.counter("cluster.tcp.upstream_rq_active") == 0);
      assertEquals(1, proxy.counter("cluster.tcp.upstream_rq_200"));
      await(() -> proxy.log().equals("- 200 DC downstream_remote_disconnect\n"));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void passesTheEndOfOneDirection(boolean overHttp2) throws Exception {
    try (TcpEcho tcp = new TcpEcho();
        ProxyHarness last = toTcp(tcp);
        ProxyHarness first = before(last);
        Http2TestClient client =
            new Http2TestClient(overHttp2 ? first.address() : last.address())) {
      Http2Headers head = new io.netty.handler.codec.http2.DefaultHttp2Headers();
      head.method("CONNECT").authority("tcp.example:80");
      Http2TestClient.Call call = client.request(head, false);
      assertEquals("head", call.next());
      assertEquals(200, call.status());
      client.data(call, "one", true);
      assertEquals("end", call.end());
      assertEquals("oneEND", call.body.toString());
      await(() -> last.log().equals("- 200 - via_upstream\n"));
    }
  }

  @Test
  void takesAPostForConnectWhereAsked() throws Exception {
    try (TcpEcho tcp = new TcpEcho();
        ProxyHarness proxy = toTcp(tcp);
        TestClient client = proxy.client()) {
      client.send(
          "POST /post HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
              + "5\r\nhello\r\n0\r\n\r\n");
      TestClient.Response response = client.read();
      assertEquals(200, response.status());
      assertEquals("helloEND", response.body());
      assertEquals(404, client.get("/other").status());
    }
  }

  @Test
  void passesConnectOnToAProxy() throws Exception {
    try (TestBackend a =
            new TestBackend(
                (_, out, socket) -> {
                  out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                  echo(socket);
                });
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", a)
                .start(manager("- {match: {connect_matcher: {}}, route: {cluster: a}}\n", BOTH));
        TestClient client = proxy.client()) {
      client.send(CONNECT);
      assertEquals(200, client.readHead().status());
      client.send("hello");
      assertEquals("hello", client.readUntil("hello"));
      assertEquals("CONNECT tcp.example:80 HTTP/1.1", a.requests.getFirst().line());
      assertEquals("tcp.example:80", a.requests.getFirst().header("host"));
    }
  }

  @Test
  void passesARefusedConnect() throws Exception {
    try (TestBackend a =
            TestBackend.answering("HTTP/1.1 405 No\r\ncontent-length: 5\r\n\r\nhello");
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", a)
                .start(manager("- {match: {connect_matcher: {}}, route: {cluster: a}}\n", BOTH));
        TestClient client = proxy.client()) {
      client.send(CONNECT);
      TestClient.Response response = client.read();
      assertEquals(405, response.status());
      assertEquals("hello", response.body());
      assertEquals("close", response.header("connection"));
      assertTrue(client.isClosedByPeer());
    }
  }

  @Test
  void tellsThatATcpHostCannotBeReached() throws Exception {
    ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    InetSocketAddress dead = (InetSocketAddress) taken.getLocalSocketAddress();
    taken.close();
    try (ProxyHarness proxy =
            new ProxyHarness()
                .cluster("tcp", UnaryOperator.identity(), dead)
                .start(manager(TO_TCP, BOTH));
        TestClient client = proxy.client()) {
      client.send(CONNECT);
      assertEquals(503, client.read().status());
      await(() -> proxy.log().startsWith("- 503 UF upstream_reset_before_response_started"));
      assertEquals(1, proxy.counter("cluster.tcp.upstream_cx_connect_fail"));
      assertEquals(0, proxy.counter("cluster.tcp.upstream_cx_active"));
    }
  }

  @ParameterizedTest
  @CsvSource({"Content-Length: 3, 400", "Transfer-Encoding: chunked, 501"})
  void refusesABodyOfConnect(String header, int status) throws Exception {
    try (TcpEcho tcp = new TcpEcho();
        ProxyHarness proxy = toTcp(tcp);
        TestClient client = proxy.client()) {
      client.send("CONNECT t:80 HTTP/1.1\r\nHost: t:80\r\n" + header + "\r\n\r\nabc");
      assertEquals(status, client.read().status());
    }
  }

  @Test
  void onlyConnectTakesAConnectRoute() throws Exception {
    try (TcpEcho tcp = new TcpEcho();
        ProxyHarness proxy = toTcp(tcp);
        TestClient client = proxy.client()) {
      assertEquals(404, client.get("/x").status());
      assertEquals(
          Arrays.asList(404, 404),
          Arrays.asList(client.get("/").status(), client.get("/connect").status()));
    }
  }
}
