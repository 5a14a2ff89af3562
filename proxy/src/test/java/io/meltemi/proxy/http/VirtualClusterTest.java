package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.route.RouteTableParser;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Numbers of virtual clusters; what Envoy 1.40 counts for the same requests. */
final class VirtualClusterTest {
  private static final String ROUTES =
      """
      - match: {prefix: /direct}
        direct_response: {status: 200}
      - match: {prefix: /}
        route:
          cluster: a
          retry_policy: {retry_on: retriable-status-codes, retriable_status_codes: [503], num_retries: 1}
      """;
  private static final String CLUSTERS =
      """
          virtual_clusters:
          - name: one
            headers:
            - {name: ":path", string_match: {prefix: /one}}
            - {name: ":method", string_match: {exact: GET}}
          - {name: two, headers: [{name: x-two, present_match: true}]}
          routes:
      """;

  @Test
  void eachRequestIsCountedOnce() throws Exception {
    try (TestBackend a =
            new TestBackend(
                (request, out, _) -> {
                  int status = request.line().contains("503") ? 503 : 200;
                  out.write(
                      ("HTTP/1.1 " + status + " X\r\ncontent-length: 0\r\n\r\n")
                          .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                });
        ProxyHarness proxy =
            new ProxyHarness()
                .cluster("a", a)
                .start(ManagerYaml.manager(ROUTES).replace("    routes:\n", CLUSTERS));
        TestClient client = proxy.client()) {
      client.get("/one");
      client.get("/one?x-two");
      client.send("POST /one HTTP/1.1\r\nHost: t\r\ncontent-length: 0\r\n\r\n").read();
      client.send("GET /x HTTP/1.1\r\nHost: t\r\nx-two: 1\r\n\r\n").read();
      client.get("/one503");
      client.get("/direct");
      Map<String, Integer> expected =
          Map.ofEntries(
              Map.entry("one.upstream_rq_200", 2),
              Map.entry("one.upstream_rq_2xx", 2),
              Map.entry("one.upstream_rq_503", 1),
              Map.entry("one.upstream_rq_5xx", 1),
              Map.entry("one.upstream_rq_completed", 3),
              Map.entry("one.upstream_rq_total", 4),
              Map.entry("one.upstream_rq_retry", 1),
              Map.entry("one.upstream_rq_retry_limit_exceeded", 1),
              Map.entry("two.upstream_rq_total", 1),
              Map.entry("other.upstream_rq_total", 1),
              Map.entry("other.upstream_rq_completed", 1));
      expected.forEach(
          (name, count) ->
              assertEquals(count.longValue(), proxy.counter("vhost.all.vcluster." + name), name));
    }
  }

  @Test
  void oneWithoutMatchersIsRefused() {
    RouteConfiguration.Builder proto = RouteConfiguration.newBuilder();
    FilterJson.merge(
        """
        {'name': 'r', 'virtual_hosts': [{'name': 'v', 'domains': ['*'], 'virtual_clusters': [{}]}]}
        """,
        proto);
    var parsed =
        new RouteTableParser(new HttpFilters(List.of()), Ticker.system())
            .parse(proto.build(), Origin.of("test"));
    assertEquals(
        List.of(
            "virtual_hosts[0].virtual_clusters[0].name",
            "virtual_hosts[0].virtual_clusters[0].headers"),
        parsed.errors().stream().map(error -> error.path()).toList());
  }
}
