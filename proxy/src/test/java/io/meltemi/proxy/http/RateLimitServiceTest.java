package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.http.filter.ratelimit.RateLimitFilterFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A rate limit service that does not answer as it should. */
final class RateLimitServiceTest {
  private static String manager(boolean denies) {
    return ManagerYaml.manager(
            """
            - match: {prefix: /limited}
              route: {cluster: a, rate_limits: [{actions: [{generic_key: {descriptor_value: v}}]}]}
            - match: {prefix: /}
              route: {cluster: a}
            """)
        .replace(
            "http_filters:\n",
            """
            http_filters:
            - name: envoy.filters.http.ratelimit
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit
                domain: d
                timeout: 5s
                failure_mode_deny: %s
                rate_limit_service:
                  transport_api_version: V3
                  grpc_service: {envoy_grpc: {cluster_name: limits}}
            """
                .formatted(denies));
  }

  @ParameterizedTest
  @CsvSource({
    // no cluster of that name
    "'', true, 500",
    "'', false, 200",
    // not gRPC
    "HTTP/1.1 404 Not Found|content-length: 0||, true, 500",
    "HTTP/1.1 200 OK|content-length: 3||abc, true, 500",
    "HTTP/1.1 200 OK|content-length: 0|grpc-status: 14||, false, 200",
    "HTTP/1.1 200 OK|content-length: 7|grpc-status: 0||abcdefg, true, 500",
    // an empty message, in a frame of no bytes: not over the limit
    "HTTP/1.1 200 OK|content-length: 5|grpc-status: 0||ZZZZZ, true, 200",
  })
  void failuresDenyOrNot(String answer, boolean denies, int status) throws Exception {
    String bytes = answer.replace("|", "\r\n").replace('Z', '\0');
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend limits = TestBackend.answering(bytes);
        ProxyHarness proxy = new ProxyHarness()) {
      proxy.filter(
          new RateLimitFilterFactory(
              proxy.upstreamClient(), proxy.clusters, Ticker.system(), "me"));
      proxy.cluster("a", a);
      if (!answer.isEmpty()) {
        proxy.cluster("limits", limits);
      }
      proxy.start(manager(denies));
      try (TestClient client = proxy.client()) {
        assertEquals(status, client.get("/limited").status());
        assertEquals(200, client.get("/free").status());
      }
      String log = status == 500 ? "/limited 500 RLSE rate_limiter_error" : "/limited 200 - via";
      assertTrue(proxy.log().startsWith(log), proxy.log());
      assertEquals(answer.contains("Z") ? 0 : 1, proxy.counter("cluster.a.ratelimit.error"));
      if (!answer.isEmpty()) {
        assertEquals(
            "POST /envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit HTTP/1.1",
            limits.requests.getFirst().line());
        assertEquals(1, limits.requests.size());
      }
    }
  }
}
