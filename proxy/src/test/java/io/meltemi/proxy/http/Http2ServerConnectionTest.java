package io.meltemi.proxy.http;

import static io.meltemi.proxy.http.ManagerYaml.TO_A;
import static io.meltemi.proxy.http.ManagerYaml.manager;
import static io.meltemi.proxy.http.TestBackend.OK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole requests by HTTP/2 over real sockets, with another codec on the client's side. */
final class Http2ServerConnectionTest {
  private static final String DIRECT =
      """
      - match: {prefix: "/"}
        direct_response: {status: 200, body: {inline_string: "hello"}}
      """;

  /** Lets the one event loop finish what it was at. */
  private static void roundTrip(ProxyHarness proxy) throws Exception {
    try (TestClient client = proxy.client()) {
      assertEquals(400, client.send("broken\r\n\r\n").read().status());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "codec_type: HTTP2"})
  void forwards(String codec) throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy = ProxyHarness.before(a, codec);
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      for (int i = 0; i < 3; i++) {
        Http2Headers head = Http2TestClient.head("GET", "/x?y=1");
        head.add("cookie", "a=1").add("cookie", "b=2").add("te", "trailers");
        Http2TestClient.Call call = client.request(head, true);
        assertEquals("end", call.end());
        assertEquals(200, call.status());
        assertEquals("hello", call.body.toString());
        assertEquals("envoy", call.header("server"));
        assertEquals("5", call.header("content-length"));
      }
      TestBackend.Request request = a.requests.getFirst();
      assertEquals("GET /x?y=1 HTTP/1.1", request.line());
      assertEquals("test", request.header("host"));
      assertEquals("a=1; b=2", request.header("cookie"));
      assertEquals("http", request.header("x-forwarded-proto"));
      assertNull(request.header(":scheme"));
      assertEquals(1, a.connections.get());
      assertEquals(1, proxy.counter("http.t.downstream_cx_http2_total"));
      assertEquals(0, proxy.counter("http.t.downstream_cx_http1_total"));
      assertEquals(3, proxy.counter("http.t.downstream_rq_http2_total"));
      assertEquals(0, proxy.counter("http2.streams_active"));
      assertTrue(proxy.log().startsWith("/x?y=1 200 - via_upstream\n"), proxy.log());
    }
  }

  @Test
  void onePortSpeaksBoth() throws Exception {
    try (ProxyHarness proxy = new ProxyHarness().start(manager(DIRECT));
        TestClient old = proxy.client();
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      assertEquals("hello", old.get("/").body());
      Http2TestClient.Call call = client.get("/");
      assertEquals("end", call.end());
      assertEquals("hello", call.body.toString());
      assertEquals(1, proxy.counter("http.t.downstream_cx_http1_total"));
      assertEquals(1, proxy.counter("http.t.downstream_cx_http2_total"));
      assertEquals(2, proxy.counter("http.t.downstream_cx_total"));
    }
  }

  @Test
  void anUpgradeFromHttp1IsNotOffered() throws Exception {
    try (ProxyHarness proxy = new ProxyHarness().start(manager(DIRECT));
        TestClient old = proxy.client()) {
      TestClient.Response response =
          old.send(
                  "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, http2-settings\r\n"
                      + "Upgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n")
              .read();
      assertEquals(200, response.status());
      assertEquals("hello", response.body());
    }
  }

  @Test
  void bodiesGoBothWays() throws Exception {
    String large = "0123456789abcdef".repeat(20_000);
    TestBackend.Handler echo =
        (request, out, _) -> {
          byte[] body = request.text().getBytes(StandardCharsets.ISO_8859_1);
          String head = "HTTP/1.1 200 OK\r\ncontent-length: " + body.length + "\r\n\r\n";
          out.write(head.getBytes(StandardCharsets.ISO_8859_1));
          out.write(body);
        };
    try (TestBackend a = new TestBackend(echo);
        ProxyHarness proxy = ProxyHarness.before(a);
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      List<Http2TestClient.Call> calls = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        Http2Headers head = Http2TestClient.head("POST", "/" + i);
        if (i % 2 == 0) {
          head.set("content-length", String.valueOf(large.length()));
        }
        Http2TestClient.Call call = client.request(head, false);
        for (int at = 0; at < large.length(); at += 40_000) {
          client.data(call, large.substring(at, at + 40_000), at + 40_000 == large.length());
        }
        calls.add(call);
      }
      for (Http2TestClient.Call call : calls) {
        assertEquals("end", call.end());
        assertEquals(large, call.body.toString());
      }
      assertEquals(0, proxy.counter("http2.pending_send_bytes"));
      assertEquals(8, a.requests.size());
    }
  }

  /** A client that takes nothing stops its stream, not the others. */
  @Test
  void windowsHoldOneStreamOnly() throws Exception {
    String large = "x".repeat(3_000_000);
    TestBackend.Handler handler =
        (request, out, _) -> {
          String body = request.line().contains("/large") ? large : "small";
          out.write(
              ("HTTP/1.1 200 OK\r\ncontent-length: " + body.length() + "\r\n\r\n" + body)
                  .getBytes(StandardCharsets.ISO_8859_1));
        };
    try (TestBackend a = new TestBackend(handler);
        ProxyHarness proxy =
            new ProxyHarness().bufferBytesMax(64 * 1024).cluster("a", a).start(manager(TO_A));
        Http2TestClient client =
            new Http2TestClient(
                proxy.address(), Http2Settings.defaultSettings().initialWindowSize(1000))) {
      client.consuming(false);
      Http2TestClient.Call held = client.get("/large");
      assertEquals("head", held.next());
      assertEquals("data", held.next());
      Http2TestClient.Call small = client.get("/small");
      assertEquals("end", small.end());
      assertEquals("small", small.body.toString());
      assertEquals(1000, held.body.length());
      assertTrue(proxy.counter("http2.pending_send_bytes") < 1_000_000);
      client.consuming(true);
      client.consumed(held, 1000);
      assertEquals("end", held.end());
      assertEquals(large.length(), held.body.length());
    }
  }

  @Test
  void trailersGoBothWays() throws Exception {
    TestBackend.Handler handler =
        (_, out, _) ->
            out.write(
                ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
                        + "grpc-status: 0\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
    try (TestBackend a = new TestBackend(handler);
        ProxyHarness proxy = ProxyHarness.before(a);
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      Http2TestClient.Call call = client.request(Http2TestClient.head("POST", "/"), false);
      client.data(call, "body", false);
      client.trailers(call, new DefaultHttp2Headers().add("x-sum", "1"));
      assertEquals("end", call.end());
      assertEquals("hello", call.body.toString());
      assertEquals("0", String.valueOf(call.trailers.get("grpc-status")));
      assertEquals("body[x-sum: 1]", a.requests.getFirst().text());
      assertEquals(1, proxy.counter("http2.trailers"));
    }
  }

  @Test
  void bodilessAnswers() throws Exception {
    TestBackend.Handler handler =
        (request, out, _) -> {
          String line = request.line();
          String head =
              line.startsWith("HEAD")
                  ? "200 OK\r\ncontent-length: 5"
                  : line.contains("204") ? "204 No" : "304 No\r\netag: x";
          out.write(("HTTP/1.1 " + head + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
        };
    try (TestBackend a = new TestBackend(handler);
        ProxyHarness proxy = ProxyHarness.before(a);
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      Http2TestClient.Call head = client.request(Http2TestClient.head("HEAD", "/"), true);
      assertEquals("end", head.end());
      assertEquals("5", head.header("content-length"));
      Http2TestClient.Call none = client.get("/204");
      assertEquals("end", none.end());
      assertEquals(204, none.status());
      assertNull(none.head.get("content-length"));
      Http2TestClient.Call same = client.get("/304");
      assertEquals("end", same.end());
      assertEquals(304, same.status());
      assertEquals(1, a.connections.get());
    }
  }

  @Test
  void answersExpectations() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy = ProxyHarness.before(a);
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      Http2Headers head = Http2TestClient.head("POST", "/");
      head.set("expect", "100-continue");
      Http2TestClient.Call call = client.request(head, false);
      assertEquals("head", call.next());
      assertEquals(100, call.status());
      client.data(call, "body", true);
      assertEquals("end", call.end());
      assertEquals(200, call.status());
      assertNull(a.requests.getFirst().header("expect"));
    }
  }

  @Test
  void anAnswerBeforeTheBodyEndsTheStream() throws Exception {
    try (ProxyHarness proxy = new ProxyHarness().start(manager(DIRECT));
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      Http2TestClient.Call call = client.request(Http2TestClient.head("POST", "/"), false);
      assertEquals("end", call.end());
      assertEquals("reset NO_ERROR", call.end());
      Http2TestClient.Call next = client.get("/");
      assertEquals("end", next.end());
    }
  }

  @Test
  void aClientsResetReachesTheBackend() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    TestBackend.Handler handler =
        (_, _, socket) -> {
          arrived.countDown();
          if (socket.getInputStream().read() < 0) {
            gone.countDown();
          }
        };
    try (TestBackend a = new TestBackend(handler);
        ProxyHarness proxy = ProxyHarness.before(a);
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      Http2TestClient.Call call = client.get("/");
      assertTrue(arrived.await(20, TimeUnit.SECONDS));
      client.reset(call, Http2Error.CANCEL);
      assertTrue(gone.await(20, TimeUnit.SECONDS));
      roundTrip(proxy);
      assertTrue(proxy.log().startsWith("/ 0 DR http2.remote_reset\n"), proxy.log());
      assertEquals(1, proxy.counter("http.t.downstream_rq_rx_reset"));
      assertEquals(1, proxy.counter("http2.rx_reset"));
    }
  }

  @Test
  void aBrokenAnswerResetsItsStreamOnly() throws Exception {
    TestBackend.Handler handler =
        (request, out, socket) -> {
          if (request.line().contains("broken")) {
            out.write(
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"
                    .getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
            socket.close();
          } else {
            out.write(OK.getBytes(StandardCharsets.ISO_8859_1));
          }
        };
    try (TestBackend a = new TestBackend(handler);
        ProxyHarness proxy = ProxyHarness.before(a);
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      Http2TestClient.Call broken = client.get("/broken");
      assertEquals("reset INTERNAL_ERROR", broken.end());
      Http2TestClient.Call good = client.get("/");
      assertEquals("end", good.end());
      assertEquals("hello", good.body.toString());
      assertEquals(1, proxy.counter("http2.tx_reset"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "connection, close",
    "upgrade, h2c",
    "te, gzip",
    "transfer-encoding, chunked",
    "keep-alive, 1",
    "proxy-connection, x",
    "Upper, x",
    "content-length, -1",
    ":odd, x",
  })
  void malformedRequestsAreReset(String name, String value) throws Exception {
    try (ProxyHarness proxy = new ProxyHarness().start(manager(DIRECT));
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      Http2Headers head = Http2TestClient.head("GET", "/");
      head.add(name, value);
      assertEquals("reset PROTOCOL_ERROR", client.request(head, true).end());
      assertEquals("end", client.get("/").end());
      assertEquals(1, proxy.counter("http2.rx_messaging_error"));
      assertEquals(2, proxy.counter("http.t.downstream_rq_total"));
    }
  }

  @Test
  void largeHeadsAreReset() throws Exception {
    try (ProxyHarness proxy = new ProxyHarness().start(manager(DIRECT));
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      Http2Headers many = Http2TestClient.head("GET", "/");
      for (int i = 0; i < 101; i++) {
        many.add("x-" + i, "v");
      }
      assertEquals("reset INTERNAL_ERROR", client.request(many, true).end());
      assertEquals("end", client.get("/").end());
      assertEquals(1, proxy.counter("http2.header_overflow"));
      assertTrue(proxy.log().contains(" 0 DPE http2.too_many_headers\n"), proxy.log());
    }
  }

  @Test
  void streamsBeyondTheLimitAreRefused() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    TestBackend.Handler handler =
        (_, out, _) -> {
          answer.await(20, TimeUnit.SECONDS);
          out.write(OK.getBytes(StandardCharsets.ISO_8859_1));
        };
    try (TestBackend a = new TestBackend(handler);
        ProxyHarness proxy =
            ProxyHarness.before(a, "http2_protocol_options: {max_concurrent_streams: 1}");
        TestClient raw = proxy.client()) {
      // a client that does not care for the setting
      String settings = "\0\0\0\4\0\0\0\0\0";
      String request = "\0\0\16\1\5\0\0\0";
      String block = "\202\206\204\101\4test\0\1a\1b";
      raw.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings);
      raw.send(request + "\1" + block + request + "\3" + block);
      String refused = "\0\0\4\3\0\0\0\0\3\0\0\0\7";
      assertNotNull(raw.readUntil(refused));
      answer.countDown();
      assertNotNull(raw.readUntil("hello"));
      assertEquals(1, a.requests.size());
    }
  }

  @Test
  void grpcClientsReadWhyFromTheirStatus() throws Exception {
    String routes =
        """
        - match: {path: "/s/denied"}
          direct_response: {status: 403, body: {inline_string: "no: 100%\\n"}}
        - match: {path: "/s/gone"}
          route: {cluster: nowhere}
        """;
    try (ProxyHarness proxy = new ProxyHarness().start(manager(routes));
        Http2TestClient client = new Http2TestClient(proxy.address());
        TestClient old = proxy.client()) {
      Http2TestClient.Call denied =
          client.request(
              Http2TestClient.head("POST", "/s/denied").add("content-type", "application/grpc"),
              true);
      assertEquals("end", denied.end());
      assertEquals(200, denied.status());
      assertEquals("7", denied.header("grpc-status"));
      assertEquals("no: 100%25%0A", denied.header("grpc-message"));
      assertEquals("application/grpc", denied.header("content-type"));
      assertNull(denied.head.get("content-length"));
      assertEquals("", denied.body.toString());
      Http2TestClient.Call gone =
          client.request(
              Http2TestClient.head("POST", "/s/gone").add("content-type", "application/grpc+proto"),
              true);
      assertEquals("end", gone.end());
      assertEquals("14", gone.header("grpc-status"));
      Http2TestClient.Call missing =
          client.request(
              Http2TestClient.head("POST", "/other").add("content-type", "application/grpc-web"),
              true);
      assertEquals("end", missing.end());
      assertEquals(404, missing.status());
      TestClient.Response byHttp1 =
          old.send(
                  "POST /s/denied HTTP/1.1\r\nHost: a\r\ncontent-type: application/grpc\r\n"
                      + "content-length: 0\r\n\r\n")
              .read();
      assertEquals(200, byHttp1.status());
      assertEquals("7", byHttp1.header("grpc-status"));
    }
  }

  @Test
  void endsAfterTheLastRequestAllowed() throws Exception {
    String options =
        "common_http_protocol_options: {max_requests_per_connection: 2}\ndrain_timeout: 0.05s";
    try (ProxyHarness proxy = new ProxyHarness().start(manager(DIRECT, options));
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      assertEquals("end", client.get("/").end());
      assertEquals("end", client.get("/").end());
      assertEquals("NO_ERROR 2147483647", client.goAway());
      assertEquals("NO_ERROR 5", client.goAway());
      assertEquals("closed", client.goAway());
      assertEquals(1, proxy.counter("http.t.downstream_cx_max_requests_reached"));
    }
  }

  @Test
  void idleConnectionsEnd() throws Exception {
    String options = "common_http_protocol_options: {idle_timeout: 0.1s}";
    try (ProxyHarness proxy = new ProxyHarness().start(manager(DIRECT, options));
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      assertEquals("end", client.get("/").end());
      assertTrue(client.goAway().startsWith("NO_ERROR "));
      assertEquals("closed", client.goAway());
      assertEquals(1, proxy.counter("http.t.downstream_cx_idle_timeout"));
    }
  }

  @Test
  void silentStreamsAreEnded() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy = ProxyHarness.before(a, "stream_idle_timeout: 0.1s");
        Http2TestClient client = new Http2TestClient(proxy.address())) {
      Http2TestClient.Call call = client.request(Http2TestClient.head("POST", "/"), false);
      assertEquals("end", call.end());
      assertEquals(408, call.status());
      assertEquals("reset NO_ERROR", call.end());
      assertEquals(1, proxy.counter("http.t.downstream_rq_idle_timeout"));
    }
  }

  @Test
  void aGoneClientEndsItsStreams() throws Exception {
    CountDownLatch arrived = new CountDownLatch(2);
    CountDownLatch gone = new CountDownLatch(2);
    TestBackend.Handler handler =
        (_, _, socket) -> {
          arrived.countDown();
          if (socket.getInputStream().read() < 0) {
            gone.countDown();
          }
        };
    try (TestBackend a = new TestBackend(handler);
        ProxyHarness proxy = ProxyHarness.before(a)) {
      try (Http2TestClient client = new Http2TestClient(proxy.address())) {
        client.get("/1");
        client.get("/2");
        assertTrue(arrived.await(20, TimeUnit.SECONDS));
      }
      assertTrue(gone.await(20, TimeUnit.SECONDS));
      roundTrip(proxy);
      assertTrue(proxy.log().contains("/1 0 DC downstream_remote_disconnect\n"), proxy.log());
      assertEquals(0, proxy.counter("http.t.downstream_rq_active"));
      assertEquals(0, proxy.counter("http2.streams_active"));
    }
  }
}
