package io.meltemi.it.interop;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What h2spec asks of a server, asked of our proxy. */
final class Http2ConformanceIT {
  private static final String ALL_PASSED = "146 tests, 146 passed, 0 skipped, 0 failed";

  private static void conforms(Path directory, int port, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of(GoProgram.H2SPEC.require().toString()));
    command.addAll(List.of("-h", "127.0.0.1", "-p", String.valueOf(port)));
    command.addAll(List.of("--strict", "--timeout", "20", "--max-header-length", "4000"));
    command.addAll(List.of(options));
    try (Program h2spec = Program.start("h2spec", directory, command)) {
      h2spec.awaitEnd(Duration.ofMinutes(20));
      String output = h2spec.output();
      assertTrue(output.contains(ALL_PASSED), output);
    }
  }

  @Test
  void overPlainHttp2(@TempDir Path directory) throws Exception {
    int port = Program.freePort();
    int admin = Program.freePort();
    try (EchoServer server = new EchoServer("server");
        Program proxy =
            DataPlane.MELTEMI.start(
                "proxy",
                directory,
                """
                admin: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
                static_resources:
                  listeners:
                  - name: in
                    address: {socket_address: {address: 127.0.0.1, port_value: %d}}
                    filter_chains:
                    - filters:
                      - name: http
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                          stat_prefix: in
                          codec_type: HTTP2
                          route_config:
                            virtual_hosts:
                            - name: all
                              domains: ["*"]
                              routes: [{match: {prefix: /}, route: {cluster: server}}]
                          http_filters:
                          - name: router
                            typed_config:
                              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                  clusters:
                  - name: server
                    type: STATIC
                    connect_timeout: 10s
                    load_assignment:
                      cluster_name: server
                      endpoints:
                      - lb_endpoints:
                        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
                """
                    .formatted(admin, port, server.port()))) {
      proxy.awaitReady("http://127.0.0.1:" + admin + "/ready");
      conforms(directory, port);
    }
  }

  @Test
  void throughTheGatewayWithTls(@TempDir Path directory) throws Exception {
    Issued root = TestPki.root("edge");
    Issued server = root.leaf(Leaf.named("server").dns("localhost"));
    Files.writeString(directory.resolve("server.pem"), server.chain());
    Files.writeString(directory.resolve("server.key"), server.key());
    try (Mesh mesh = new Mesh(DataPlane.MELTEMI, directory)) {
      gateway(mesh, directory);
      await("the gateway ends TLS", () -> isReached(mesh));
      conforms(directory, mesh.gatewayPort, "--tls", "--insecure");
    }
  }

  private static void gateway(Mesh mesh, Path directory) throws IOException {
    mesh.write(
        "gateway.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: gw}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 8080, name: https, protocol: HTTPS}
            hosts: ["*"]
            tls: {mode: SIMPLE, serverCertificate: %s, privateKey: %s}
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: edge}
        spec:
          hosts: ["*"]
          gateways: [gw]
          http: [{route: [{destination: {host: echo}}]}]
        """
            .formatted(directory.resolve("server.pem"), directory.resolve("server.key")));
  }

  private static boolean isReached(Mesh mesh) throws Exception {
    Process curl =
        new ProcessBuilder(
                "curl",
                "-sk",
                "--max-time",
                "10",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                "https://127.0.0.1:" + mesh.gatewayPort + "/")
            .start();
    String status = new String(curl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    curl.waitFor();
    return status.equals("200");
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(String what, Condition condition) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.holds()) {
      assertTrue(System.nanoTime() < end, "not within 60 s: " + what);
      Thread.sleep(100);
    }
  }
}
