package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.loop.Workers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One proxy from a static bootstrap, over real sockets. */
final class ProxyTest {
  private static final String HTTP_LISTENER =
      """
      admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
      static_resources:
        listeners:
        - name: ingress
          address: {socket_address: {address: 127.0.0.1, port_value: 0}}
          filter_chains:
          - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: ingress_http
                access_log:
                - name: log
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
                    log_format: {text_format_source: {inline_string: "%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %UPSTREAM_CLUSTER%\\n"}}
                route_config:
                  name: local
                  virtual_hosts:
                  - name: all
                    domains: ["*"]
                    routes:
                    - match: {path: /direct}
                      direct_response: {status: 418, body: {inline_string: teapot}}
                    - match: {prefix: /none}
                      route: {cluster: missing}
                    - match: {prefix: /dns}
                      route: {cluster: by_name}
                    - match: {prefix: /}
                      route: {cluster: app}
                http_filters:
                - name: envoy.filters.http.router
                  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
        clusters:
        - name: app
          type: STATIC
          load_assignment:
            cluster_name: app
            endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: PORT}}}}]}]
        - name: by_name
          type: STRICT_DNS
          dns_lookup_family: V4_ONLY
          load_assignment:
            cluster_name: by_name
            endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: localhost, port_value: PORT}}}}]}]
      """;

  private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();

  @AutoClose
  private final TestApp app =
      new TestApp(exchange -> TestApp.answer(exchange, 200, "app " + exchange.getRequestURI()));

  private RunningProxy start(String yaml) throws Exception {
    return RunningProxy.start(
            yaml.replace("PORT", "" + app.port()), RunningProxy.environment(stdout))
        .awaitReady();
  }

  @Test
  void routesHttp() throws Exception {
    try (RunningProxy proxy = start(HTTP_LISTENER)) {
      assertEquals("app /a?b=c", proxy.get("/a?b=c").body());
      assertEquals("app /dns/x", proxy.get("/dns/x").body());
      assertEquals(418, proxy.get("/direct").statusCode());
      assertEquals(503, proxy.get("/none").statusCode());
    }
    assertEquals(
        List.of(
            "GET /a?b=c 200 - app",
            "GET /dns/x 200 - by_name",
            "GET /direct 418 - -",
            "GET /none 503 NC missing"),
        stdout.toString(StandardCharsets.UTF_8).lines().toList());
  }

  @Test
  void looksUpTheHostOfARequest() throws Exception {
    String cache = "dns_cache_config: {name: names, dns_lookup_family: V4_ONLY}";
    String dynamic =
        HTTP_LISTENER
                .replace(
                    "http_filters:\n",
                    """
                http_filters:
                          - name: envoy.filters.http.dynamic_forward_proxy
                            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig, CACHE}
                """)
                .replace(
                    "routes:\n",
                    """
                routes:
                              - match: {prefix: /dynamic}
                                route: {cluster: dynamic}
                                typed_per_filter_config:
                                  envoy.filters.http.dynamic_forward_proxy:
                                    "@type": type.googleapis.com/envoy.extensions.filters.http.dynamic_forward_proxy.v3.PerRouteConfig
                                    host_rewrite_literal: localhost:PORT
                              - match: {prefix: /nowhere}
                                route: {cluster: dynamic}
                                typed_per_filter_config:
                                  envoy.filters.http.dynamic_forward_proxy:
                                    "@type": type.googleapis.com/envoy.extensions.filters.http.dynamic_forward_proxy.v3.PerRouteConfig
                                    host_rewrite_literal: nowhere.invalid:PORT
                """)
            + """
            - name: dynamic
              lb_policy: CLUSTER_PROVIDED
              cluster_type:
                name: envoy.clusters.dynamic_forward_proxy
                typed_config: {"@type": type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig, CACHE}
            """
                .indent(2);
    try (RunningProxy proxy = start(dynamic.replace("CACHE", cache))) {
      assertEquals("app /dynamic/1", proxy.get("/dynamic/1").body());
      assertEquals("app /dynamic/2", proxy.get("/dynamic/2").body());
      HttpResponse<String> none = proxy.get("/nowhere");
      assertEquals(503, none.statusCode());
      assertEquals("DNS resolution failure", none.body());
      String stats = proxy.admin("/stats").body();
      assertTrue(stats.contains("dns_cache.names.dns_query_success: 1\n"), stats);
      assertTrue(stats.contains("dns_cache.names.num_hosts: 2\n"), stats);
    }
    assertEquals(
        List.of(
            "GET /dynamic/1 200 - dynamic",
            "GET /dynamic/2 200 - dynamic",
            "GET /nowhere 503 DF -"),
        stdout.toString(StandardCharsets.UTF_8).lines().toList());
  }

  @Test
  void answersAdminRequestsAsEnvoyDoes() throws Exception {
    try (RunningProxy proxy = start(HTTP_LISTENER)) {
      proxy.get("/a");
      assertEquals("LIVE\n", proxy.admin("/ready").body());
      assertEquals(200, proxy.admin("/ready").statusCode());
      String clusters = proxy.admin("/clusters").body();
      String host = "app::127.0.0.1:" + app.port() + "::";
      assertTrue(clusters.contains(host + "rq_total::1\n"), clusters);
      assertTrue(clusters.contains(host + "health_flags::healthy\n"), clusters);
      assertTrue(proxy.admin("/clusters?format=json").body().contains("\"cluster_statuses\""));
      assertTrue(proxy.admin("/listeners").body().startsWith("ingress::127.0.0.1:"));
      assertTrue(proxy.admin("/server_info").body().contains("\"state\": \"LIVE\""));
      String stats = proxy.admin("/stats").body();
      assertTrue(stats.contains("http.ingress_http.downstream_rq_total: 1\n"), stats);
      assertTrue(stats.contains("cluster.app.upstream_rq_200: 1\n"), stats);
      assertTrue(stats.contains("cluster.app.membership_healthy: 1\n"), stats);
      assertTrue(stats.contains("server.live: 1\n"), stats);
      String prometheus = proxy.admin("/stats/prometheus").body();
      assertTrue(
          prometheus.contains(
              "envoy_cluster_upstream_rq{envoy_cluster_name=\"app\",envoy_response_code=\"200\"} 1\n"),
          prometheus);
      assertTrue(
          prometheus.contains(
              "envoy_http_downstream_rq_xx{envoy_http_conn_manager_prefix=\"ingress_http\",envoy_response_code_class=\"2\"} 1\n"),
          prometheus);
      String dump = proxy.admin("/config_dump").body();
      assertTrue(dump.contains("envoy.admin.v3.BootstrapConfigDump"), dump);
      assertTrue(dump.contains("static_clusters"), dump);
      assertTrue(dump.contains("static_listeners"), dump);
      assertEquals(405, proxy.admin("/reset_counters").statusCode());
      assertEquals("OK\n", proxy.postAdmin("/reset_counters").body());
      assertTrue(
          proxy
              .admin("/stats?filter=downstream_rq_total")
              .body()
              .contains("http.ingress_http.downstream_rq_total: 0\n"));
      assertEquals(404, proxy.admin("/nonsense").statusCode());
      proxy.postAdmin("/healthcheck/fail");
      assertEquals(503, proxy.admin("/ready").statusCode());
      assertEquals("DRAINING\n", proxy.admin("/ready").body());
      proxy.postAdmin("/healthcheck/ok");
      assertTrue(proxy.postAdmin("/logging").body().startsWith("active loggers:\n"));
      assertEquals("OK\n", proxy.postAdmin("/quitquitquit").body());
      proxy.proxy().terminated().get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void proxiesTcp() throws Exception {
    try (ServerSocket echo = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        RunningProxy proxy =
            start(
                """
                static_resources:
                  listeners:
                  - name: tcp
                    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
                    filter_chains:
                    - filters:
                      - name: envoy.filters.network.tcp_proxy
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                          stat_prefix: tcp
                          cluster: echo
                  clusters:
                  - name: echo
                    load_assignment:
                      cluster_name: echo
                      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ECHO}}}}]}]
                """
                    .replace("ECHO", "" + echo.getLocalPort()))) {
      Thread server =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try (Socket socket = echo.accept()) {
                      socket.getInputStream().transferTo(socket.getOutputStream());
                    } catch (IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                  });
      try (Socket socket = proxy.connect()) {
        socket.getOutputStream().write("ping".getBytes(StandardCharsets.UTF_8));
        socket.shutdownOutput();
        assertEquals(
            "ping", new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      }
      server.join(10_000);
    }
  }

  @Test
  void sharesWorkersWithOthers() throws Exception {
    try (Workers workers = Workers.start(1, "shared")) {
      ProxyEnvironment environment = RunningProxy.environment(stdout).withWorkers(workers);
      String yaml = HTTP_LISTENER.replace("PORT", "" + app.port());
      RunningProxy first = RunningProxy.start(yaml, environment);
      try (RunningProxy second = RunningProxy.start(yaml, environment)) {
        first.awaitReady();
        second.awaitReady();
        assertEquals(200, first.get("/a").statusCode());
        first.close();
        assertEquals(200, second.get("/a").statusCode());
        assertEquals(1, second.stat("http.ingress_http.downstream_rq_total"));
      }
    }
  }

  @Test
  void drainsBeforeItEnds() throws Exception {
    try (RunningProxy proxy = start(HTTP_LISTENER)) {
      int port = proxy.port();
      assertEquals(200, proxy.get("/a").statusCode());
      proxy.proxy().drain(Duration.ofSeconds(20)).get(25, TimeUnit.SECONDS);
      assertThrows(
          IOException.class, () -> new Socket(InetAddress.getLoopbackAddress(), port).close());
    }
  }

  @Test
  void tellsEveryProblemOfABootstrap() {
    ProxyStartException error =
        assertThrows(
            ProxyStartException.class,
            () ->
                start(
                    """
                    stats_sinks: [{name: x}]
                    static_resources:
                      clusters:
                      - {name: a, type: STATIC, lb_policy: CLUSTER_PROVIDED, lb_subset_config: {}}
                      - {name: b, type: EDS}
                      listeners:
                      - name: l
                        filter_chains: [{filters: [{name: k, typed_config: {"@type": type.googleapis.com/a.Kafka}}]}]
                    """));
    List<String> paths = error.errors().stream().map(Violation::path).toList();
    assertEquals(
        List.of(8, 1, 4, 4, 5, 7),
        error.errors().stream().map(violation -> violation.origin().line()).toList(),
        error::toString);
    assertTrue(
        paths.containsAll(
            List.of(
                "stats_sinks",
                "static_resources.clusters[0].lb_policy",
                "static_resources.clusters[0].lb_subset_config",
                "static_resources.clusters[1].eds_cluster_config.eds_config",
                "static_resources.listeners[0].address")),
        paths::toString);
  }

  @Test
  void namesATakenPort() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String yaml =
          HTTP_LISTENER.replaceFirst(
              "port_value: 0}}\n    filter_chains",
              "port_value: " + taken.getLocalPort() + "}}\n    filter_chains");
      String withoutDns = yaml.substring(0, yaml.indexOf("  - name: by_name"));
      ProxyStartException error = assertThrows(ProxyStartException.class, () -> start(withoutDns));
      assertTrue(
          String.valueOf(error.getMessage()).contains("" + taken.getLocalPort()), error::toString);
    }
  }

  @Test
  void readsClustersAndListenersFromFiles(@TempDir Path dir) throws Exception {
    Path cds = dir.resolve("cds.yaml");
    Path lds = dir.resolve("lds.yaml");
    String clusters =
        """
        version_info: "1"
        resources:
        - "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
          name: app
          load_assignment:
            cluster_name: app
            endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: PORT}}}}]}]
        """
            .replace("PORT", "" + app.port());
    Files.writeString(cds, clusters);
    Files.writeString(
        lds,
        """
        resources:
        - "@type": type.googleapis.com/envoy.config.listener.v3.Listener
          name: tcp
          address: {socket_address: {address: 127.0.0.1, port_value: 0}}
          filter_chains:
          - filters:
            - name: envoy.filters.network.tcp_proxy
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                stat_prefix: tcp
                cluster: app
        """);
    try (RunningProxy proxy =
        start(
            """
            dynamic_resources:
              cds_config: {path_config_source: {path: %s}}
              lds_config: {path_config_source: {path: %s}}
            """
                .formatted(cds, lds))) {
      assertEquals("app /f", proxy.get("/f").body());
    }
  }
}
