package io.meltemi.proxy.http;

import static io.meltemi.proxy.http.Http2Peer.CONTINUATION;
import static io.meltemi.proxy.http.Http2Peer.DATA;
import static io.meltemi.proxy.http.Http2Peer.END_HEADERS;
import static io.meltemi.proxy.http.Http2Peer.END_STREAM;
import static io.meltemi.proxy.http.Http2Peer.GOAWAY;
import static io.meltemi.proxy.http.Http2Peer.HEADERS;
import static io.meltemi.proxy.http.Http2Peer.RST_STREAM;
import static io.meltemi.proxy.http.Http2Peer.WINDOW_UPDATE;
import static io.meltemi.proxy.http.ManagerYaml.TO_A;
import static io.meltemi.proxy.http.ManagerYaml.manager;
import static io.meltemi.proxy.testing.Await.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.cluster.CircuitBreakers;
import io.meltemi.proxy.cluster.ClusterSettings;
import io.meltemi.proxy.codec.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/1.1 clients before hosts that speak HTTP/2, well and badly. */
final class Http2UpstreamTest {
  private static final int CONCURRENT_STREAMS = 3;
  private static final int INITIAL_WINDOW = 4;

  private static ProxyHarness proxy(
      Http2Peer peer, UnaryOperator<ClusterSettings> change, String yaml) {
    return new ProxyHarness().cluster("a", change, peer.address()).start(yaml);
  }

  private static ProxyHarness proxy(Http2Peer peer) {
    return proxy(peer, ClusterChange.http2(), manager(TO_A));
  }

  private static String retrying(String on) {
    return manager(
        """
        - match: {prefix: "/"}
          route: {cluster: a, retry_policy: {retry_on: "%s", num_retries: 1}}
        """
            .formatted(on));
  }

  private static void answer(Http2Peer.Frame asked, String text) throws IOException {
    asked
        .connection()
        .headers(
            asked.stream(),
            false,
            ":status",
            "200",
            "content-length",
            String.valueOf(text.length()))
        .data(asked.stream(), text, true);
  }

  @Test
  void translatesRequestAndResponse() throws Exception {
    try (Http2Peer peer = new Http2Peer();
        ProxyHarness proxy = proxy(peer);
        TestClient client = proxy.client()) {
      client.send(
          """
          POST /x?y HTTP/1.1\r
          Host: h.example\r
          Connection: keep-alive, x-drop\r
          X-Drop: 1\r
          TE: trailers\r
          Cookie: a=1; b=2\r
          Transfer-Encoding: chunked\r
          \r
          3\r
          abc\r
          0\r
          x-end: 7\r
          \r
          """);
      Http2Peer.Frame head = peer.take(HEADERS);
      Http2Headers headers = Http2Peer.decode(head);
      assertEquals("POST", headers.method().toString());
      assertEquals("/x?y", headers.path().toString());
      assertEquals("h.example", headers.authority().toString());
      assertEquals("http", headers.scheme().toString());
      assertEquals("trailers", headers.get("te").toString());
      assertEquals("a=1; b=2", headers.get("cookie").toString());
      for (String name : List.of("host", "connection", "x-drop", "transfer-encoding")) {
        assertNull(headers.get(name), name);
      }
      assertEquals("abc", peer.take(DATA).text());
      peer.take(HEADERS);
      head.connection().headers(head.stream(), true, ":status", "204", "x-one", "1");
      TestClient.Response response = client.readHead();
      assertEquals(204, response.status());
      assertEquals("1", response.header("x-one"));
      assertEquals(1, proxy.counter("cluster.a.upstream_cx_http2_total"));
      assertEquals(0, proxy.counter("cluster.a.upstream_cx_http1_total"));
      await(() -> proxy.counter("cluster.a.http2.streams_active") == 0);
    }
  }

  @Test
  void carriesManyStreamsOverOneConnectionAndOpensAnotherWhenItIsFull() throws Exception {
    try (Http2Peer peer = new Http2Peer(CONCURRENT_STREAMS, 2);
        ProxyHarness proxy = proxy(peer);
        TestClient first = proxy.client();
        TestClient second = proxy.client();
        TestClient third = proxy.client()) {
      first.send("GET /1 HTTP/1.1\r\nHost: t\r\n\r\n");
      Http2Peer.Frame one = peer.take(HEADERS);
      second.send("GET /2 HTTP/1.1\r\nHost: t\r\n\r\n");
      Http2Peer.Frame two = peer.take(HEADERS);
      assertEquals(one.connection(), two.connection());
      third.send("GET /3 HTTP/1.1\r\nHost: t\r\n\r\n");
      Http2Peer.Frame three = peer.take(HEADERS);
      assertTrue(three.connection() != one.connection());
      answer(three, "3");
      answer(two, "2");
      answer(one, "1");
      assertEquals("1", first.read().body());
      assertEquals("2", second.read().body());
      assertEquals("3", third.read().body());
      assertEquals(2, proxy.counter("cluster.a.upstream_cx_total"));
      assertEquals(3, proxy.counter("cluster.a.upstream_rq_total"));
      assertEquals(0, proxy.counter("cluster.a.upstream_rq_active"));
    }
  }

  @Test
  void waitsForAStreamAtTheConnectionLimit() throws Exception {
    CircuitBreakers.Thresholds one =
        new CircuitBreakers.Thresholds(1, 1, 1024, 3, CircuitBreakers.RetryBudget.NONE, false);
    try (Http2Peer peer = new Http2Peer(CONCURRENT_STREAMS, 1);
        ProxyHarness proxy = proxy(peer, ClusterChange.http2().limits(one), manager(TO_A));
        TestClient first = proxy.client();
        TestClient second = proxy.client();
        TestClient third = proxy.client()) {
      first.send("GET /1 HTTP/1.1\r\nHost: t\r\n\r\n");
      Http2Peer.Frame head = peer.take(HEADERS);
      second.send("GET /2 HTTP/1.1\r\nHost: t\r\n\r\n");
      await(() -> proxy.counter("cluster.a.upstream_rq_pending_active") == 1);
      assertEquals(503, third.get("/3").status());
      assertEquals(1, proxy.counter("cluster.a.upstream_rq_pending_overflow"));
      answer(head, "1");
      assertEquals("1", first.read().body());
      answer(peer.take(HEADERS), "2");
      assertEquals("2", second.read().body());
      assertEquals(1, peer.connections.get());
    }
  }

  @Test
  void goesToAnotherConnectionAfterGoAway() throws Exception {
    try (Http2Peer peer = new Http2Peer();
        ProxyHarness proxy = proxy(peer, ClusterChange.http2(), retrying("refused-stream"));
        TestClient first = proxy.client();
        TestClient second = proxy.client()) {
      first.send("GET /1 HTTP/1.1\r\nHost: t\r\n\r\n");
      Http2Peer.Frame one = peer.take(HEADERS);
      second.send("GET /2 HTTP/1.1\r\nHost: t\r\n\r\n");
      Http2Peer.Frame two = peer.take(HEADERS);
      // the second stream was not looked at: it is tried again, the first one goes on
      one.connection().number(GOAWAY, 0, one.stream(), Http2Error.NO_ERROR.code());
      Http2Peer.Frame again = peer.take(HEADERS);
      assertTrue(again.connection() != two.connection());
      answer(again, "2");
      answer(one, "1");
      assertEquals("1", first.read().body());
      assertEquals("2", second.read().body());
      assertEquals(1, proxy.counter("cluster.a.upstream_rq_retry"));
      assertEquals(1, proxy.counter("cluster.a.upstream_cx_close_notify"));
      await(() -> proxy.counter("cluster.a.upstream_cx_active") == 1);
    }
  }

  @Test
  void tellsOfResets() throws Exception {
    try (Http2Peer peer = new Http2Peer();
        ProxyHarness proxy = proxy(peer);
        TestClient client = proxy.client()) {
      client.send("GET /reset HTTP/1.1\r\nHost: t\r\n\r\n");
      Http2Peer.Frame reset = peer.take(HEADERS);
      reset.connection().number(RST_STREAM, reset.stream(), Http2Error.INTERNAL_ERROR.code());
      TestClient.Response response = client.read();
      assertEquals(503, response.status());
      assertTrue(response.body().endsWith("reset reason: remote reset"), response.body());
      client.send("GET /refused HTTP/1.1\r\nHost: t\r\n\r\n");
      Http2Peer.Frame refused = peer.take(HEADERS);
      refused.connection().number(RST_STREAM, refused.stream(), Http2Error.REFUSED_STREAM.code());
      assertTrue(client.read().body().endsWith("reset reason: remote refused stream reset"));
      client.send("GET /gone HTTP/1.1\r\nHost: t\r\n\r\n");
      peer.take(HEADERS).connection().close();
      assertTrue(client.read().body().endsWith("reset reason: connection termination"));
      client.send("GET /part HTTP/1.1\r\nHost: t\r\n\r\n");
      Http2Peer.Frame part = peer.take(HEADERS);
      part.connection()
          .headers(part.stream(), false, ":status", "200")
          .data(part.stream(), "half", false);
      assertEquals(200, client.readHead().status());
      part.connection().number(RST_STREAM, part.stream(), Http2Error.CANCEL.code());
      // broken off, not ended
      assertFalse(client.readAll().endsWith("0\r\n\r\n"));
      await(() -> proxy.log().contains("/part"));
      String log = proxy.log();
      assertTrue(
          log.contains("/reset 503 UR upstream_reset_before_response_started{remote_reset}"), log);
      assertTrue(
          log.contains(
              "/refused 503 UR"
                  + " upstream_reset_before_response_started{remote_refused_stream_reset}"),
          log);
      assertTrue(
          log.contains(
              "/gone 503 UC upstream_reset_before_response_started{connection_termination}"),
          log);
      assertTrue(
          log.contains("/part 200 UR upstream_reset_after_response_started{remote_reset}"), log);
      assertEquals(4, proxy.counter("cluster.a.upstream_rq_rx_reset"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no status",
        "bad status",
        "connection header",
        "upper case",
        "data first",
        "too large",
        "too many",
        "body too long",
        "body too short",
        "pseudo in trailers",
        "interim flood"
      })
  void refusesMalformedResponses(String kind) throws Exception {
    try (Http2Peer peer = new Http2Peer();
        ProxyHarness proxy = proxy(peer);
        TestClient client = proxy.client()) {
      client.send("GET /bad HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
      Http2Peer.Frame asked = peer.take(HEADERS);
      Http2Peer.Connection to = asked.connection();
      int id = asked.stream();
      boolean begun = false;
      switch (kind) {
        case "no status" -> to.headers(id, true, "x", "1");
        case "bad status" -> to.headers(id, true, ":status", "2xx");
        case "connection header" -> to.headers(id, true, ":status", "200", "connection", "x");
        case "upper case" -> to.headers(id, true, ":status", "200", "X-A", "1");
        case "data first" -> to.data(id, "x", true);
        case "too large" -> {
          byte[] block = Http2Peer.block(":status", "200", "x", "v".repeat(61 * 1024));
          for (int at = 0; at < block.length; at += 16_000) {
            byte[] part = Arrays.copyOfRange(block, at, Math.min(at + 16_000, block.length));
            boolean last = at + 16_000 >= block.length;
            to.send(
                at == 0 ? HEADERS : CONTINUATION,
                (at == 0 ? END_STREAM : 0) | (last ? END_HEADERS : 0),
                id,
                part);
          }
        }
        case "too many" -> {
          List<String> fields = new ArrayList<>(List.of(":status", "200"));
          for (int i = 0; i < 200; i++) {
            fields.addAll(List.of("x" + i, "1"));
          }
          to.headers(id, true, fields.toArray(String[]::new));
        }
        case "body too long" -> {
          begun = true;
          to.headers(id, false, ":status", "200", "content-length", "1");
          assertEquals(200, client.readHead().status());
          to.data(id, "xx", true);
        }
        case "body too short" -> {
          begun = true;
          to.headers(id, false, ":status", "200", "content-length", "3");
          assertEquals(200, client.readHead().status());
          to.data(id, "xx", true);
        }
        case "pseudo in trailers" -> {
          begun = true;
          to.headers(id, false, ":status", "200");
          assertEquals(200, client.readHead().status());
          to.headers(id, true, ":path", "/");
        }
        case "interim flood" -> {
          for (int i = 0; i < 20; i++) {
            to.headers(id, false, ":status", "103", "link", "x");
          }
        }
        default -> throw new IllegalArgumentException(kind);
      }
      String response = client.readAll();
      assertTrue(begun || response.startsWith("HTTP/1.1 502"), response);
      String log = proxy.log();
      assertTrue(log.contains("/bad " + (begun ? "200" : "502") + " UPE"), log);
      assertTrue(proxy.counter("cluster.a.upstream_cx_protocol_error") > 0);
      assertEquals(0, proxy.counter("cluster.a.upstream_rq_active"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"garbage", "ping flood", "settings on a stream", "unknown stream"})
  void survivesBadPeers(String kind) throws Exception {
    try (Http2Peer peer = new Http2Peer();
        ProxyHarness proxy = proxy(peer);
        TestClient client = proxy.client()) {
      client.send("GET /bad HTTP/1.1\r\nHost: t\r\n\r\n");
      Http2Peer.Frame asked = peer.take(HEADERS);
      Http2Peer.Connection to = asked.connection();
      try {
        switch (kind) {
          case "garbage" -> to.send(0x47, 0xff, 7, new byte[17_000]);
          case "ping flood" -> {
            for (int i = 0; i < 200_000; i++) {
              to.send(Http2Peer.PING, 0, 0, new byte[8]);
            }
          }
          case "settings on a stream" -> to.send(Http2Peer.SETTINGS, 0, 1, new byte[0]);
          case "unknown stream" -> to.number(WINDOW_UPDATE, 77, 1);
          default -> throw new IllegalArgumentException(kind);
        }
      } catch (IOException e) {
        // the proxy has closed the connection
      }
      if (kind.equals("ping flood")) {
        // answered as long as the peer reads the answers
        to.close();
      }
      int status = client.read().status();
      assertTrue(status == 502 || status == 503, "" + status);
      await(() -> proxy.counter("cluster.a.upstream_cx_active") == 0);
      client.send("GET /good HTTP/1.1\r\nHost: t\r\n\r\n");
      answer(peer.take(HEADERS), "fine");
      assertEquals("fine", client.read().body());
    }
  }

  @Test
  void keepsToTheWindowsOfThePeer() throws Exception {
    String body = "b".repeat(100_000);
    try (Http2Peer peer = new Http2Peer(INITIAL_WINDOW, 1000);
        ProxyHarness proxy = proxy(peer);
        TestClient client = proxy.client()) {
      // the first request brings the peer's settings
      client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
      answer(peer.take(HEADERS), "x");
      assertEquals("x", client.read().body());
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      client.send(
                          "POST /w HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n" + body);
                    } catch (IOException e) {
                      throw new IllegalStateException(e);
                    }
                  });
      Http2Peer.Frame head = peer.take(HEADERS);
      int received = 0;
      int window = 1000;
      boolean ended = false;
      while (!ended) {
        Http2Peer.Frame data = peer.take(DATA);
        received += data.size();
        ended = data.isEnd();
        assertTrue(received <= window, received + " of " + window);
        if (!ended && received == window) {
          window += 9000;
          head.connection()
              .number(WINDOW_UPDATE, head.stream(), 9000)
              .number(WINDOW_UPDATE, 0, 9000);
        }
      }
      assertEquals(100_000, received);
      writer.join();
      answer(head, "done");
      assertEquals("done", client.read().body());
      assertEquals(0, proxy.counter("cluster.a.http2.pending_send_bytes"));
    }
  }

  @Test
  void resetsTheStreamWhenTheClientLeaves() throws Exception {
    try (Http2Peer peer = new Http2Peer();
        ProxyHarness proxy = proxy(peer)) {
      Http2Peer.Frame head;
      try (TestClient client = proxy.client()) {
        client.send("GET /left HTTP/1.1\r\nHost: t\r\n\r\n");
        head = peer.take(HEADERS);
      }
      Http2Peer.Frame reset = peer.take(RST_STREAM);
      assertEquals(head.stream(), reset.stream());
      assertEquals(Http2Error.CANCEL.code(), reset.number());
      // the connection stays
      try (TestClient client = proxy.client()) {
        client.send("GET /next HTTP/1.1\r\nHost: t\r\n\r\n");
        Http2Peer.Frame next = peer.take(HEADERS);
        assertEquals(head.connection(), next.connection());
        answer(next, "x");
        assertEquals("x", client.read().body());
      }
    }
  }

  @Test
  void stopsSendingWhenTheAnswerComesFirst() throws Exception {
    try (Http2Peer peer = new Http2Peer();
        ProxyHarness proxy = proxy(peer);
        TestClient client = proxy.client()) {
      client.send("POST /early HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc");
      answer(peer.take(HEADERS), "no");
      assertEquals("no", client.read().body());
      assertEquals(Http2Error.NO_ERROR.code(), peer.take(RST_STREAM).number());
      await(() -> proxy.counter("cluster.a.http2.streams_active") == 0);
    }
  }

  @Test
  void closesAConnectionAfterItsRequests() throws Exception {
    try (Http2Peer peer = new Http2Peer();
        ProxyHarness proxy =
            proxy(
                peer,
                ClusterChange.http2().idleTimeoutNanos(0).requestsPerConnectionMax(2),
                manager(TO_A));
        TestClient client = proxy.client()) {
      for (int i = 0; i < 3; i++) {
        client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
        answer(peer.take(HEADERS), "x");
        assertEquals("x", client.read().body());
      }
      assertEquals(2, peer.connections.get());
      assertEquals(1, proxy.counter("cluster.a.upstream_cx_max_requests"));
      await(() -> proxy.counter("cluster.a.upstream_cx_active") == 1);
    }
  }

  @Test
  void endsATryThatLastsTooLong() throws Exception {
    try (Http2Peer peer = new Http2Peer();
        ProxyHarness proxy =
            proxy(
                peer,
                ClusterChange.http2().idleTimeoutNanos(0).streamDurationNanosMax(20_000_000),
                manager(TO_A));
        TestClient client = proxy.client()) {
      client.send("GET /long HTTP/1.1\r\nHost: t\r\n\r\n");
      assertEquals(408, client.read().status());
      peer.take(RST_STREAM);
      assertEquals(1, proxy.counter("cluster.a.upstream_rq_max_duration_reached"));
      await(() -> proxy.log().contains("/long 408 UMSDR upstream_max_stream_duration_reached"));
    }
  }

  @Test
  void retriesOnGrpcStatusInATrailersOnlyAnswer() throws Exception {
    try (Http2Peer peer = new Http2Peer();
        ProxyHarness proxy = proxy(peer, ClusterChange.http2(), retrying("unavailable"));
        TestClient client = proxy.client()) {
      client.send(
          "POST /g HTTP/1.1\r\nHost: t\r\nContent-Type: application/grpc\r\nTE: trailers\r\n"
              + "Content-Length: 3\r\n\r\nabc");
      Http2Peer.Frame first = peer.take(HEADERS);
      first
          .connection()
          .headers(
              first.stream(),
              true,
              ":status",
              "200",
              "content-type",
              "application/grpc",
              "grpc-status",
              "14");
      Http2Peer.Frame second = peer.take(HEADERS);
      assertEquals("abc", peer.take(DATA).text());
      second
          .connection()
          .headers(
              second.stream(),
              true,
              ":status",
              "200",
              "content-type",
              "application/grpc",
              "grpc-status",
              "0",
              "content-length",
              "0");
      TestClient.Response response = client.read();
      assertEquals("0", response.header("grpc-status"));
      assertEquals(1, proxy.counter("cluster.a.upstream_rq_retry"));
      assertEquals(1, proxy.counter("cluster.a.upstream_rq_retry_success"));
    }
  }

  @Test
  void passesTrailersOn() throws Exception {
    try (Http2Peer peer = new Http2Peer();
        ProxyHarness proxy = proxy(peer);
        TestClient client = proxy.client()) {
      client.send("GET /t HTTP/1.1\r\nHost: t\r\nTE: trailers\r\nConnection: close\r\n\r\n");
      Http2Peer.Frame asked = peer.take(HEADERS);
      asked
          .connection()
          .headers(asked.stream(), false, ":status", "200")
          .data(asked.stream(), "body", false)
          .headers(asked.stream(), true, "grpc-status", "5");
      String response = client.readAll();
      assertTrue(response.contains("4\r\nbody\r\n0\r\n"), response);
    }
  }
}
