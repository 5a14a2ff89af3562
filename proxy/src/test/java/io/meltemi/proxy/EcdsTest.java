package io.meltemi.proxy;

import static io.meltemi.proxy.testing.Await.awaitEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Message;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.bootstrap.BootstrapReader;
import io.meltemi.proxy.testing.FakeControlPlane;
import io.meltemi.xds.resource.TypeUrl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP filters whose configuration comes by discovery, over real sockets. */
final class EcdsTest {
  private static final String FAULT =
      "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault";

  @TempDir Path directory;
  private final BootstrapReader reader = new BootstrapReader(Extensions.messages());

  private static String fault(int status) {
    return "{'@type': %s, abort: {http_status: %d, percentage: {numerator: 100}}}"
        .formatted(FAULT, status)
        .replace('\'', '"');
  }

  private Message filter(String name, String config) {
    return reader
        .read(
            TypedExtensionConfig.newBuilder(),
            "{name: %s, typed_config: %s}".formatted(name, config),
            Origin.of("test"))
        .orElseThrow();
  }

  private static String bootstrap(String apiType, int port, String discovery) {
    return """
        node: {id: a, cluster: b}
        admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
        dynamic_resources:
          ads_config: {api_type: %s, grpc_services: [{envoy_grpc: {cluster_name: xds}}]}
        static_resources:
          listeners:
          - name: in
            stat_prefix: in
            address: {socket_address: {address: 127.0.0.1, port_value: 0}}
            filter_chains:
            - filters:
              - name: envoy.filters.network.http_connection_manager
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: in
                  route_config:
                    virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, direct_response: {status: 200}}]}]
                  http_filters:
                  - name: early
                    config_discovery: {type_urls: [%s], %s}
                  - name: envoy.filters.http.router
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
          clusters:
          - name: xds
            type: STATIC
            typed_extension_protocol_options:
              envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                explicit_http_config: {http2_protocol_options: {}}
            load_assignment:
              cluster_name: xds
              endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
        """
        .formatted(apiType, FAULT, discovery, port);
  }

  private static int status(RunningProxy proxy) throws Exception {
    return proxy.get("/").statusCode();
  }

  @ParameterizedTest
  @ValueSource(strings = {"DELTA_GRPC", "GRPC"})
  void aConfigurationComesFromAServerOfItsOwn(String apiType) throws Exception {
    String source =
        "config_source: {api_config_source: {api_type: "
            + apiType
            + ", transport_api_version: V3,"
            + " grpc_services: [{envoy_grpc: {cluster_name: xds}}]}, initial_fetch_timeout: 0s}";
    try (FakeControlPlane server = new FakeControlPlane();
        RunningProxy proxy = RunningProxy.start(bootstrap("GRPC", server.port(), source))) {
      server.edit(edit -> edit.put(TypeUrl.EXTENSION_CONFIG, "early", filter("early", fault(401))));
      proxy.awaitReady();
      assertEquals(401, status(proxy));
      server.edit(edit -> edit.put(TypeUrl.EXTENSION_CONFIG, "early", filter("early", fault(402))));
      awaitEquals(402, () -> status(proxy));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"DELTA_GRPC", "GRPC"})
  void aListenerWaitsForItsFilterAndFollowsItOnTheSameConnection(String apiType) throws Exception {
    try (FakeControlPlane server = new FakeControlPlane();
        RunningProxy proxy =
            RunningProxy.start(
                bootstrap(
                    apiType,
                    server.port(),
                    "config_source: {ads: {}, initial_fetch_timeout: 0s}"))) {
      assertFalse(proxy.proxy().ready().isDone());
      assertEquals(0, proxy.proxy().listeners().size());

      server.edit(edit -> edit.put(TypeUrl.EXTENSION_CONFIG, "early", filter("early", fault(401))));
      proxy.awaitReady();
      assertEquals(401, status(proxy));

      server.edit(edit -> edit.put(TypeUrl.EXTENSION_CONFIG, "early", filter("early", fault(402))));
      awaitEquals(402, () -> status(proxy));

      server.edit(
          edit ->
              edit.put(
                  TypeUrl.EXTENSION_CONFIG,
                  "early",
                  filter(
                      "early",
                      "{\"@type\": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors}")));
      String nack = server.nacks().poll(20, TimeUnit.SECONDS);
      assertNotNull(nack);
      assertTrue(nack.contains("cors.v3.Cors (expected: one of " + FAULT), nack);
      assertEquals(402, status(proxy));
      String stats = proxy.admin("/stats").body();
      assertTrue(stats.contains("http.in.downstream_cx_total: 1\n"), stats);
      String prefix = "extension_config_discovery.http_filter.early.";
      assertTrue(stats.contains(prefix + "config_reload: 2\n"), stats);
      assertTrue(stats.contains(prefix + "config_fail: 1\n"), stats);
      assertTrue(stats.contains(prefix + "update_rejected: 1\n"), stats);
      assertTrue(proxy.admin("/config_dump").body().contains("EcdsConfigDump"));
    }
  }

  @Test
  void theDefaultCountsAtOnceAndAgainAfterTheRemoval() throws Exception {
    try (FakeControlPlane server = new FakeControlPlane();
        RunningProxy proxy =
            RunningProxy.start(
                bootstrap(
                    "DELTA_GRPC",
                    server.port(),
                    "config_source: {ads: {}}, apply_default_config_without_warming: true,"
                        + " default_config: "
                        + fault(403)))) {
      proxy.awaitReady();
      assertEquals(403, status(proxy));
      server.edit(edit -> edit.put(TypeUrl.EXTENSION_CONFIG, "early", filter("early", fault(401))));
      awaitEquals(401, () -> status(proxy));
      server.edit(edit -> edit.remove(TypeUrl.EXTENSION_CONFIG, "early"));
      awaitEquals(403, () -> status(proxy));
    }
  }

  @Test
  void withoutAConfigurationRequestsAreRefusedAfterTheTimeToWait() throws Exception {
    try (FakeControlPlane server = new FakeControlPlane();
        RunningProxy proxy =
            RunningProxy.start(
                bootstrap(
                    "GRPC",
                    server.port(),
                    "config_source: {ads: {}, initial_fetch_timeout: 0.05s}"))) {
      proxy.awaitReady();
      assertEquals(500, status(proxy));
      assertTrue(
          proxy
              .admin("/stats")
              .body()
              .contains("extension_config_discovery.http_filter.early.init_fetch_timeout: 1\n"));
    }
  }

  @Test
  void aConfigurationComesFromAFile() throws Exception {
    Path file = directory.resolve("filter.yaml");
    Files.writeString(file, file(401));
    String source = "config_source: {path_config_source: {path: " + file + "}}";
    try (FakeControlPlane server = new FakeControlPlane();
        RunningProxy proxy = RunningProxy.start(bootstrap("GRPC", server.port(), source))) {
      proxy.awaitReady();
      assertEquals(401, status(proxy));
      Files.writeString(file, file(402));
      awaitEquals(402, () -> status(proxy));
    }
  }

  private static String file(int status) {
    return """
        version_info: "%d"
        resources:
        - "@type": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig
          name: early
          typed_config: %s
        """
        .formatted(status, fault(status));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "config_source: {ads: {}}, apply_default_config_without_warming: true",
        "config_source: {ads: {}}, default_config: {\"@type\":"
            + " type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}",
        "config_source: {self: {}}",
      })
  void aBadDiscoveryIsRefusedByItsPath(String discovery) {
    ProxyStartException refused =
        assertThrows(
            ProxyStartException.class,
            () -> RunningProxy.start(bootstrap("GRPC", 15010, discovery)).close());
    assertTrue(
        String.valueOf(refused.getMessage()).contains("http_filters[0].config_discovery."),
        refused::getMessage);
  }
}
