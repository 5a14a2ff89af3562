package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.testing.WasmModules;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Filters in WebAssembly, over real sockets. */
final class WasmTest {
  private static final int POLLS_MAX = 1000;
  @TempDir Path directory;

  /** Answers with the x- headers and the body of the request. */
  @AutoClose
  private final TestApp app =
      new TestApp(
          exchange -> {
            TreeMap<String, List<String>> told = new TreeMap<>();
            exchange
                .getRequestHeaders()
                .forEach(
                    (name, values) -> {
                      if (name.toLowerCase(Locale.ROOT).startsWith("x-wasm")) {
                        told.put(name.toLowerCase(Locale.ROOT), values);
                      }
                    });
            String body = told + TestApp.sent(exchange);
            if (exchange.getRequestURI().getPath().equals("/check")) {
              exchange.sendResponseHeaders(204, -1);
              exchange.close();
            } else {
              TestApp.answer(exchange, 200, body);
            }
          });

  private String filter(String module, String configuration, String more) {
    return """
                  - name: %s
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
                      config:
                        name: %s
                        configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: "%s"}
                        vm_config: {vm_id: vm, runtime: envoy.wasm.runtime.v8, code: {local: {filename: %s}}}
                        %s
        """
        .formatted(module, module, configuration, WasmModules.write(module, directory), more)
        .indent(0);
  }

  private RunningProxy proxy(String filters) throws ProxyStartException {
    return proxy(filters, "");
  }

  private RunningProxy proxy(String filters, String clusters) throws ProxyStartException {
    String yaml =
        """
        node: {id: a, cluster: b, metadata: {NAME: one}}
        admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
        static_resources:
          listeners:
          - name: in
            address: {socket_address: {address: 127.0.0.1, port_value: 0}}
            filter_chains:
            - filters:
              - name: envoy.filters.network.http_connection_manager
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: in
                  route_config:
                    virtual_hosts: [{name: all, domains: ["*"], routes: [{name: way, match: {prefix: /}, route: {cluster: app}}]}]
                  http_filters:
        %s\
                  - name: envoy.filters.http.router
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
          clusters:
          - name: app
            type: STATIC
            load_assignment:
              cluster_name: app
              endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
        """
            .formatted(filters, app.port())
            .concat(clusters);
    return RunningProxy.start(yaml);
  }

  private static HttpResponse<String> send(RunningProxy proxy, String body, String... headers)
      throws Exception {
    return proxy.send("/path?q=1", body, headers);
  }

  private static String stats(RunningProxy proxy) throws Exception {
    return proxy.admin("/stats").body();
  }

  @Test
  void aModuleChangesHeadersBothWaysAndAnswersItself() throws Exception {
    try (RunningProxy proxy = proxy(filter("headers", "first", ""))) {
      HttpResponse<String> response = send(proxy, "");
      assertEquals("{x-wasm-request=[first]}", response.body());
      assertEquals(List.of("first"), response.headers().allValues("x-wasm-response"));

      HttpResponse<String> denied = send(proxy, "", "x-wasm-deny", "1");
      assertEquals(403, denied.statusCode());
      assertEquals("first", denied.body());
      assertEquals("yes", denied.headers().firstValue("x-wasm-denied").orElse(""));
      assertEquals(200, send(proxy, "body").statusCode());
      assertTrue(stats(proxy).contains("wasm.envoy.wasm.runtime.v8.active: 1\n"), stats(proxy));
    }
  }

  @Test
  void aModuleSeesWholeBodiesAndReplacesThem() throws Exception {
    try (RunningProxy proxy = proxy(filter("body", "PRE:", ""))) {
      assertEquals("PRE:{}PRE:some text", send(proxy, "some text").body());
      String large = "x".repeat(60_000);
      assertEquals("PRE:{}PRE:" + large, send(proxy, large).body());
      assertEquals(413, send(proxy, "x".repeat(2 << 20)).statusCode());
    }
  }

  @ParameterizedTest
  @CsvSource({"app,[204]", "nobody,[refused]"})
  void aRequestWaitsForACallOfItsModule(String cluster, String expected) throws Exception {
    try (RunningProxy proxy = proxy(filter("call", cluster, ""))) {
      assertEquals("{x-wasm-call=" + expected + "}body", send(proxy, "body").body());
      assertEquals("{x-wasm-call=" + expected + "}", send(proxy, "").body());
    }
  }

  @Test
  void aRequestThatWaitsIsShownToItsModuleWithItsBody() throws Exception {
    // the module that waits and the one that reads the body share a chain
    try (RunningProxy proxy = proxy(filter("call", "app", "") + filter("body", "B:", ""))) {
      assertEquals("B:{x-wasm-call=[204]}B:body", send(proxy, "body").body());
    }
  }

  @Test
  void aModuleHasStatisticsSharedDataTicksAndProperties() throws Exception {
    try (RunningProxy proxy = proxy(filter("state", "", "root_id: root"))) {
      assertEquals("{}", send(proxy, "", "x-shared", "said").body());
      assertEquals("{x-wasm-shared=[said]}", send(proxy, "").body());
      String[][] properties = {
        {"request.path", "/path?q=1"},
        {"request.url_path", "/path"},
        {"request.method", "GET"},
        {"request.headers.x-a", "b"},
        {"response.headers.x-no", "(none)"},
        {"node.metadata.NAME", "one"},
        {"node.id", "a"},
        {"plugin_name", "state"},
        {"plugin_root_id", "root"},
        {"plugin_vm_id", "vm"},
        {"route_name", "way"},
        {"cluster_name", "app"},
        {"xds.virtual_host_name", "all"},
        {"request.protocol", "HTTP/1.1"},
        {"nothing.at.all", "(none)"},
      };
      for (String[] property : properties) {
        assertEquals(
            property[1],
            send(proxy, "", "x-property", property[0], "x-a", "b")
                .headers()
                .firstValue("x-wasm-property")
                .orElse("(absent)"),
            property[0]);
      }
      String stats = stats(proxy);
      assertTrue(stats.contains("wasmcustom.wasm_requests: 17\n"), stats);
      for (int i = 0; i < POLLS_MAX && stats.contains("wasmcustom.wasm_ticks: 0\n"); i++) {
        TimeUnit.MILLISECONDS.sleep(10);
        stats = stats(proxy);
      }
      assertTrue(!stats.contains("wasmcustom.wasm_ticks: 0\n"), stats);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "FAIL_CLOSED,503,503,x-wasm-trap",
    "FAIL_OPEN,200,200,x-wasm-trap",
    "FAIL_RELOAD,503,200,x-wasm-trap",
    "FAIL_CLOSED,503,503,x-wasm-loop",
  })
  void aModuleThatBreaksIsTreatedAsItsPolicySays(String policy, int first, int later, String header)
      throws Exception {
    String more = "failure_policy: " + policy;
    if (policy.equals("FAIL_RELOAD")) {
      more += ", reload_config: {backoff: {base_interval: 0.001s}}";
      more = more.replace(", ", "\n                ");
    }
    try (RunningProxy proxy = proxy(filter("broken", "", more))) {
      assertEquals(200, send(proxy, "").statusCode());
      assertEquals(first, send(proxy, "", header, "1").statusCode());
      int last = 0;
      for (int i = 0; i < POLLS_MAX && last != later; i++) {
        last = send(proxy, "").statusCode();
      }
      assertEquals(later, last);
      assertTrue(
          stats(proxy)
              .contains(
                  "wasm.envoy.wasm.runtime.v8.active: "
                      + (policy.equals("FAIL_RELOAD") ? 1 : 0)
                      + "\n"),
          stats(proxy));
    }
  }

  @ParameterizedTest
  @CsvSource({"answer,418,instead", "trap,503,''"})
  void aModuleAnswersInPlaceOfTheResponse(String configuration, int status, String body)
      throws Exception {
    try (RunningProxy proxy = proxy(filter("broken", configuration, ""))) {
      for (int i = 0; i < 3; i++) {
        HttpResponse<String> response = send(proxy, "x".repeat(10_000));
        assertEquals(status, response.statusCode());
        assertEquals(body, response.body());
      }
    }
  }

  @Test
  void aModuleMayDoOnlyWhatItsConfigurationAllows() throws Exception {
    String allowed =
        "capability_restriction_config: {allowed_capabilities: {proxy_on_configure: {},"
            + " proxy_get_buffer_bytes: {}, proxy_on_response_headers: {},"
            + " proxy_add_header_map_value: {}}}";
    try (RunningProxy proxy = proxy(filter("headers", "only", allowed))) {
      HttpResponse<String> response = send(proxy, "");
      assertEquals("{}", response.body());
      assertEquals(List.of("only"), response.headers().allValues("x-wasm-response"));
    }
  }

  @Test
  void aModuleThatRefusesItsConfigurationIsRefused() {
    List<String> errors = new ArrayList<>();
    ProxyStartException refused =
        assertThrows(
            ProxyStartException.class, () -> proxy(filter("broken", "refuse", "")).close());
    errors.add(String.valueOf(refused.getMessage()));
    assertTrue(
        errors.getFirst().contains("it refuses its configuration (proxy_on_configure)"),
        errors::getFirst);
  }

  @Test
  void whatIsNotSupportedIsNamed() {
    ProxyStartException refused =
        assertThrows(
            ProxyStartException.class,
            () ->
                proxy(
                        filter("headers", "", "")
                            .replace("envoy.wasm.runtime.v8", "envoy.wasm.runtime.null"))
                    .close());
    assertTrue(
        String.valueOf(refused.getMessage()).contains("vm_config.runtime"), refused::getMessage);
  }

  /** Serves code as a registry does, badly at first. */
  private static TestApp registry(byte[] code, List<String> asked) {
    return new TestApp(
        exchange -> {
          asked.add(
              exchange.getRequestHeaders().getFirst("host") + exchange.getRequestURI().getPath());
          byte[] body = asked.size() == 1 ? new byte[] {1, 2, 3} : code;
          exchange.sendResponseHeaders(asked.size() == 2 ? 500 : 200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
  }

  private RunningProxy remote(TestApp registry, String sha256, String more, int retries)
      throws ProxyStartException {
    String filter =
        """
                  - name: fetched
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
                      config:
                        name: fetched
                        %s
                        vm_config:
                          runtime: envoy.wasm.runtime.v8
                          code:
                            remote:
                              http_uri: {uri: "https://registry.test/m.wasm", cluster: registry, timeout: 5s}
                              sha256: %s
                              retry_policy: {num_retries: %d, retry_back_off: {base_interval: 0.001s}}
        """
            .formatted(more, sha256, retries)
            .indent(0);
    String cluster =
        """
          - name: registry
            type: STATIC
            load_assignment:
              cluster_name: registry
              endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
        """
            .formatted(registry.port());
    return proxy(filter, cluster);
  }

  @Test
  void codeIsFetched() throws Exception {
    byte[] code = WasmModules.assemble("headers");
    List<String> asked = new CopyOnWriteArrayList<>();
    try (TestApp registry = registry(code, asked);
        RunningProxy proxy = remote(registry, sha256(code), "", 5)) {
      proxy.awaitReady();
      assertTrue(send(proxy, "").body().contains("x-wasm"));
      assertEquals(3, asked.size());
      assertEquals("registry.test/m.wasm", asked.getFirst());
      assertEquals(1, proxy.stat("wasm.remote_load_cache_misses"));
      assertEquals(1, proxy.stat("wasm.remote_load_fetch_successes"));
    }
  }

  @Test
  void codeThatIsNotThatOfTheDigestDoesNotRun() throws Exception {
    byte[] code = WasmModules.assemble("headers");
    String other = "0".repeat(64);
    try (TestApp registry = registry(code, new CopyOnWriteArrayList<>());
        RunningProxy closed = remote(registry, other, "", 2);
        RunningProxy open = remote(registry, other, "fail_open: true", 0)) {
      closed.awaitReady();
      open.awaitReady();
      assertEquals(503, send(closed, "").statusCode());
      assertEquals("{}", send(open, "").body());
      assertEquals(1, closed.stat("wasm.remote_load_fetch_failures"));
    }
  }

  private static String sha256(byte[] bytes) throws java.security.NoSuchAlgorithmException {
    return java.util.HexFormat.of()
        .formatHex(java.security.MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
