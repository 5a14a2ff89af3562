package io.meltemi.proxy.http;

import static io.meltemi.proxy.http.ManagerYaml.TO_A;
import static io.meltemi.proxy.http.ManagerYaml.manager;
import static io.meltemi.proxy.http.TestBackend.OK;
import static io.meltemi.proxy.testing.Await.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.cluster.CircuitBreakers;
import io.meltemi.proxy.cluster.ClusterSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What the router does beyond passing a request on. */
final class RouterTest {
  private static final String DOWN =
      "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\ndown";

  private static String retrying(String policy) {
    return manager(
        """
        - match: {prefix: "/"}
          route:
            cluster: a
            retry_policy: %s
        """
            .formatted(policy));
  }

  @Test
  void retriesOnAnotherHostWithTheBody() throws Exception {
    try (TestBackend bad = TestBackend.answering(DOWN);
        TestBackend good = TestBackend.answering(OK);
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", bad, good)
                .start(
                    retrying(
                        "{retry_on: \"5xx\", num_retries: 2, retry_host_predicate: [{name:"
                            + " envoy.retry_host_predicates.previous_hosts, typed_config: {\"@type\":"
                            + " type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate}}]}"));
        TestClient client = proxy.client()) {
      client.send("POST /r HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody");
      TestClient.Response response = client.read();
      assertEquals(200, response.status());
      assertEquals("body", bad.requests.getFirst().text());
      assertEquals("body", good.requests.getFirst().text());
      assertEquals(1, proxy.counter("cluster.a.upstream_rq_retry"));
      assertEquals(1, proxy.counter("cluster.a.upstream_rq_retry_success"));
    }
  }

  @Test
  void closesConnectionsThatNobodyUses() throws Exception {
    try (TestBackend app = TestBackend.answering(OK);
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", new ClusterChange().idleTimeoutNanos(50_000_000), app)
                .start(manager(TO_A));
        TestClient client = proxy.client()) {
      assertEquals(200, client.get("/").status());
      await(() -> proxy.counter("cluster.a.upstream_cx_idle_timeout") == 1);
      assertEquals(0, proxy.counter("cluster.a.upstream_cx_active"));
      assertEquals(200, client.get("/").status());
      assertEquals(2, app.connections.get());
    }
  }

  @Test
  void stopsAtTheRetryLimit() throws Exception {
    try (TestBackend bad = TestBackend.answering(DOWN);
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", bad)
                .start(retrying("{retry_on: gateway-error, num_retries: 2}"));
        TestClient client = proxy.client()) {
      TestClient.Response response = client.get("/");
      assertEquals(503, response.status());
      assertEquals("down", response.body());
      assertEquals(3, bad.requests.size());
      assertTrue(proxy.log().contains("/ 503 URX via_upstream"), proxy.log());
      assertEquals(1, proxy.counter("cluster.a.upstream_rq_retry_limit_exceeded"));
    }
  }

  @Test
  void retriesWhenTheConnectionBreaksBeforeAnAnswer() throws Exception {
    try (TestBackend flaky =
            new TestBackend(
                (request, out, socket) -> {
                  if (request.connection() == 1) {
                    socket.close();
                  } else {
                    out.write(OK.getBytes(StandardCharsets.US_ASCII));
                  }
                });
        ProxyHarness proxy =
            new ProxyHarness().cluster("a", flaky).start(retrying("{retry_on: reset}"));
        TestClient client = proxy.client()) {
      assertEquals(200, client.get("/").status());
      assertEquals(2, flaky.connections.get());
    }
  }

  @Test
  void tellsOfBrokenUpstreams() throws Exception {
    try (TestBackend flaky =
            new TestBackend(
                (request, out, socket) -> {
                  if (request.line().contains("/garbage")) {
                    out.write("what is this\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                  } else if (request.line().contains("/part")) {
                    out.write(
                        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"
                            .getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                    socket.close();
                  } else {
                    socket.close();
                  }
                });
        ProxyHarness proxy = ProxyHarness.before(flaky);
        TestClient client = proxy.client()) {
      TestClient.Response gone = client.get("/gone");
      assertEquals(503, gone.status());
      assertEquals(
          "upstream connect error or disconnect/reset before headers. reset reason: connection"
              + " termination",
          gone.body());
      assertEquals(502, client.get("/garbage").status());
      client.send("GET /part HTTP/1.1\r\nHost: t\r\n\r\n");
      String rest = client.readAll();
      assertTrue(rest.endsWith("half"), rest);
      String log = proxy.log();
      assertTrue(
          log.contains(
              "/gone 503 UC upstream_reset_before_response_started{connection_termination}"),
          log);
      assertTrue(log.contains("/garbage 502 UPE"), log);
      assertTrue(log.contains("/part 200 UC"), log);
    }
  }

  @Test
  void usesAnotherConnectionWhenAnIdleOneWasClosed() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy = ProxyHarness.before(a);
        TestClient client = proxy.client()) {
      assertEquals(200, client.get("/1").status());
      a.closeConnections();
      await(() -> proxy.counter("cluster.a.upstream_cx_active") == 0);
      assertEquals(200, client.get("/2").status());
      assertEquals(2, a.connections.get());
    }
  }

  @Test
  void timesOut() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    try (TestBackend slow = new TestBackend((_, _, _) -> held.await());
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", slow)
                .start(
                    manager(
                        """
                        - match: {path: "/try"}
                          route: {cluster: a, timeout: 5s, retry_policy: {retry_on: 5xx, num_retries: 1, per_try_timeout: 0.05s}}
                        - match: {prefix: "/"}
                          route: {cluster: a, timeout: 0.4s}
                        """))) {
      try (TestClient client = proxy.client()) {
        TestClient.Response response = client.get("/all");
        assertEquals(504, response.status());
        assertEquals("upstream request timeout", response.body());
        // The backend may read the request only after the proxy gave up on it.
        await(() -> !slow.requests.isEmpty());
        assertEquals("400", slow.requests.getFirst().header("x-envoy-expected-rq-timeout-ms"));
        TestClient.Response tried = client.get("/try");
        assertEquals(504, tried.status());
        assertEquals(2, proxy.counter("cluster.a.upstream_rq_per_try_timeout"));
        assertTrue(proxy.log().contains("/all 504 UT response_timeout"), proxy.log());
      } finally {
        held.countDown();
      }
      await(() -> proxy.counter("cluster.a.upstream_cx_active") == 0);
    }
  }

  @Test
  void mirrorsWithoutWaiting() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    try (TestBackend a = TestBackend.answering(OK);
        TestBackend shadow = new TestBackend((_, _, _) -> held.await());
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", a)
                .cluster("shadow", shadow)
                .start(
                    manager(
                        """
                        - match: {prefix: "/"}
                          route: {cluster: a, request_mirror_policies: [{cluster: shadow}]}
                        """));
        TestClient client = proxy.client()) {
      client.send("POST /m HTTP/1.1\r\nHost: t:80\r\nContent-Length: 4\r\n\r\nbo");
      client.send("dy");
      assertEquals(200, client.read().status());
      await(() -> !shadow.requests.isEmpty());
      assertEquals("t-shadow:80", shadow.requests.getFirst().header("host"));
      assertEquals("body", shadow.requests.getFirst().text());
      held.countDown();
    }
  }

  @Test
  void rewritesPathsAndHosts() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", a)
                .start(
                    manager(
                        """
                        - match: {prefix: "/old/"}
                          route: {cluster: a, prefix_rewrite: "/new/", host_rewrite_literal: other}
                          request_headers_to_add: [{header: {key: x-was, value: "%REQ(:path)%"}}]
                          request_headers_to_remove: [x-gone]
                        - match: {prefix: "/"}
                          route:
                            cluster: a
                            regex_rewrite: {pattern: {regex: "^/v(\\\\d+)/"}, substitution: "/\\\\1/"}
                        """));
        TestClient client = proxy.client()) {
      client.send("GET /old/x?y HTTP/1.1\r\nHost: t\r\nx-gone: 1\r\n\r\n");
      assertEquals(200, client.read().status());
      TestBackend.Request request = a.requests.getFirst();
      assertEquals("GET /new/x?y HTTP/1.1", request.line());
      assertEquals("other", request.header("host"));
      assertEquals("/old/x?y", request.header("x-envoy-original-path"));
      assertEquals("/old/x?y", request.header("x-was"));
      assertNull(request.header("x-gone"));
      client.get("/v12/z");
      assertEquals("GET /12/z HTTP/1.1", a.requests.get(1).line());
    }
  }

  @Test
  void holdsCircuitBreakers() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    CircuitBreakers.Thresholds one =
        new CircuitBreakers.Thresholds(1, 1, 1, 1, CircuitBreakers.RetryBudget.NONE, false);
    try (TestBackend slow = TestBackend.answeringAfter(held, OK);
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", new ClusterChange().limits(one), slow)
                .start(manager(TO_A));
        TestClient first = proxy.client();
        TestClient second = proxy.client();
        TestClient third = proxy.client()) {
      first.send("GET /1 HTTP/1.1\r\nHost: t\r\n\r\n");
      await(() -> slow.requests.size() == 1);
      second.send("GET /2 HTTP/1.1\r\nHost: t\r\n\r\n");
      await(() -> proxy.counter("cluster.a.upstream_rq_pending_active") == 1);
      TestClient.Response refused = third.get("/3");
      assertEquals(503, refused.status());
      assertEquals("true", refused.header("x-envoy-overloaded"));
      assertTrue(proxy.log().contains("/3 503 UO"), proxy.log());
      held.countDown();
      assertEquals(200, first.read().status());
      assertEquals(200, second.read().status());
      assertEquals(1, slow.connections.get());
    }
  }

  @Test
  void holdsTheConnectionsOfEachHost() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    try (TestBackend slow = TestBackend.answeringAfter(held, OK);
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster(
                    "a",
                    new ClusterChange()
                        .breakers(
                            new ClusterSettings.Breakers(
                                CircuitBreakers.Thresholds.DEFAULT,
                                CircuitBreakers.Thresholds.DEFAULT,
                                1)),
                    slow)
                .start(manager(TO_A));
        TestClient first = proxy.client();
        TestClient second = proxy.client()) {
      first.send("GET /1 HTTP/1.1\r\nHost: t\r\n\r\n");
      await(() -> slow.requests.size() == 1);
      second.send("GET /2 HTTP/1.1\r\nHost: t\r\n\r\n");
      await(() -> proxy.counter("cluster.a.upstream_cx_overflow") == 1);
      held.countDown();
      assertEquals(200, first.read().status());
      assertEquals(200, second.read().status());
      assertEquals(1, slow.connections.get());
    }
  }

  @Test
  void resetsUpstreamWhenTheClientLeaves() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    try (TestBackend slow = new TestBackend((_, _, _) -> held.await());
        ProxyHarness proxy = ProxyHarness.before(slow)) {
      try (TestClient client = proxy.client()) {
        client.send("GET /left HTTP/1.1\r\nHost: t\r\n\r\n");
        await(() -> slow.requests.size() == 1);
      }
      await(() -> proxy.counter("cluster.a.upstream_rq_active") == 0);
      await(() -> proxy.counter("cluster.a.upstream_cx_active") == 0);
      await(() -> proxy.counter("http.t.downstream_cx_active") == 0);
      await(() -> proxy.log().contains("/left 0 DC downstream_remote_disconnect"));
      held.countDown();
    }
  }

  @Test
  void answersEarlyWithoutLosingTheConnection() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", a)
                .start(
                    manager(
                        """
                        - match: {path: "/no"}
                          direct_response: {status: 403}
                        - match: {prefix: "/"}
                          route: {cluster: a}
                        """));
        TestClient client = proxy.client()) {
      client.send("POST /no HTTP/1.1\r\nHost: t\r\nContent-Length: 6\r\n\r\nabc");
      assertEquals(403, client.read().status());
      client.send("def");
      assertEquals(200, client.get("/yes").status());
      client.send("POST /no HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999\r\n\r\nabc");
      assertEquals("close", client.read().header("connection"));
      assertTrue(client.isClosedByPeer());
    }
  }

  @Test
  void answersExpectations() throws Exception {
    try (TestBackend a = TestBackend.answering(OK);
        ProxyHarness proxy = ProxyHarness.before(a);
        TestClient client = proxy.client()) {
      client.send(
          "POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
      assertEquals(100, client.readHead().status());
      client.send("abc");
      assertEquals(200, client.read().status());
      assertNull(a.requests.getFirst().header("expect"));
      assertEquals("abc", a.requests.getFirst().text());
    }
  }

  @Test
  void keepsOrderUnderManyConnections() throws Exception {
    try (TestBackend a = TestBackend.tellingPaths();
        ProxyHarness proxy = ProxyHarness.before(a)) {
      Thread[] threads = new Thread[16];
      java.util.concurrent.atomic.AtomicInteger good =
          new java.util.concurrent.atomic.AtomicInteger();
      for (int t = 0; t < threads.length; t++) {
        int number = t;
        threads[t] =
            Thread.ofVirtual()
                .start(
                    () -> {
                      try (TestClient client = proxy.client()) {
                        for (int i = 0; i < 100; i++) {
                          String path = "/" + number + "/" + i;
                          if (client.get(path).body().equals(path)) {
                            good.incrementAndGet();
                          }
                        }
                      } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                      }
                    });
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertEquals(1600, good.get());
      assertEquals(0, proxy.counter("cluster.a.upstream_rq_active"));
      await(() -> proxy.counter("http.t.downstream_rq_active") == 0);
    }
  }
}
