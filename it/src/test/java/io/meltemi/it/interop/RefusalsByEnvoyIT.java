package io.meltemi.it.interop;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.net.HostPort;
import io.meltemi.common.time.Ticker;
import io.meltemi.config.Kinds;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.source.FileSource;
import io.meltemi.config.source.FileSourceSettings;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.controlplane.ControlPlane;
import io.meltemi.controlplane.ControlPlaneSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An EnvoyFilter that the real Envoy refuses is found from what Envoy says of it. */
class RefusalsByEnvoyIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final HostPort ANY = new HostPort("127.0.0.1", 0);

  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews, namespace: default}
      spec:
        clusterIP: 10.1.0.1
        ports: [{name: http, port: 9080}]
      """;

  private static final String BROKEN_SCRIPT =
      """
      # the script ends too early
      apiVersion: networking.istio.io/v1alpha3
      kind: EnvoyFilter
      metadata: {name: breaks-http, namespace: default}
      spec:
        configPatches:
        - applyTo: HTTP_FILTER
          match: {context: SIDECAR_OUTBOUND}
          patch:
            operation: INSERT_BEFORE
            value:
              name: script
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
                default_source_code: {inline_string: "function envoy_on_request("}
      """;

  @Test
  void theFileThatBreaksAListenerIsNamed(@TempDir Path directory) throws Exception {
    EnvoyBinary.require();
    Path config = Files.createDirectory(directory.resolve("config"));
    Files.writeString(config.resolve("service.yaml"), SERVICE);
    Path mesh = directory.resolve("mesh.txt");
    Files.writeString(
        mesh,
        "proxyListenPort: %d\nproxyInboundListenPort: %d\n"
            .formatted(Program.freePort(), Program.freePort()));
    try (ControlPlane controlPlane =
        ControlPlane.start(
            ControlPlaneSettings.DEFAULT
                .withListen(
                    new ControlPlaneSettings.Listen(
                        Optional.of(ANY), Optional.of(ANY), Optional.empty(), ""))
                .withMeshConfigFile(mesh),
            new ConfigStore(),
            List.of(
                new FileSource(
                    FileSourceSettings.topLevel(config),
                    new ResourceDecoder(Kinds.ALL),
                    Ticker.system())))) {
      String debug = "http://" + controlPlane.httpAddress().orElseThrow();
      int admin = Program.freePort();
      try (Program envoy =
          DataPlane.ENVOY.start(
              "sidecar",
              directory,
              bootstrap(admin, controlPlane.grpcAddress().orElseThrow().port()))) {
        envoy.await(
            "listeners are there",
            PATIENCE,
            () -> page("http://127.0.0.1:" + admin + "/listeners").contains("virtualOutbound"));
        Files.writeString(config.resolve("broken.yaml"), BROKEN_SCRIPT);
        envoy.await(
            "the refusal is reported",
            PATIENCE,
            () -> page(debug + "/debug/rejectz").contains("script load error"));
        String refused = page(debug + "/debug/rejectz");
        assertTrue(refused.contains("\"resource\": \"0.0.0.0_9080\""), refused);
        assertTrue(refused.contains("\"kind\": \"EnvoyFilter\""), refused);
        assertTrue(refused.contains("\"object\": \"default/breaks-http\""), refused);
        assertTrue(refused.contains("broken.yaml:2"), refused);
        assertTrue(
            page(debug + "/metrics")
                .contains("meltemi_xds_rejects_total{kind=\"EnvoyFilter\",type=\"lds\"}"));

        Files.delete(config.resolve("broken.yaml"));
        envoy.await(
            "what was mended is taken",
            PATIENCE,
            () -> !page(debug + "/debug/syncz").contains("script load error"));
      }
    }
  }

  private static String page(String url) {
    try {
      return Program.get(url);
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  private static String bootstrap(int adminPort, int xdsPort) {
    return """
    node:
      id: sidecar~10.10.0.1~productpage.default~default.svc.cluster.local
      cluster: productpage.default
      metadata: {NAMESPACE: default, MELTEMI_CERTIFICATES: "false"}
    admin: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
    dynamic_resources:
      ads_config:
        api_type: DELTA_GRPC
        transport_api_version: V3
        grpc_services: [{envoy_grpc: {cluster_name: xds-grpc}}]
      cds_config: {ads: {}, resource_api_version: V3}
      lds_config: {ads: {}, resource_api_version: V3}
    static_resources:
      clusters:
      - name: xds-grpc
        type: STATIC
        typed_extension_protocol_options:
          envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
            "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
            explicit_http_config: {http2_protocol_options: {}}
        load_assignment:
          cluster_name: xds-grpc
          endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
    """
        .formatted(adminPort, xdsPort);
  }
}
