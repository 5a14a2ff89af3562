package io.meltemi.it.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The interop client and server of grpc-go with our proxy between them: once over plain HTTP/2, and
 * once through two proxies that speak mutual TLS with each other.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GrpcInteropIT {
  private Path directory;
  private Program server;
  private Program far;
  private Program near;
  private final int plainPort = Program.freePort();
  private final int mutualPort = Program.freePort();

  @BeforeAll
  void start(@TempDir Path shared) throws Exception {
    directory = shared;
    Issued root = TestPki.root("mesh");
    Files.writeString(directory.resolve("root.pem"), root.certificate());
    keep("near", root.leaf(Leaf.named("near").uri("spiffe://cluster.local/ns/a/sa/near")));
    keep("far", root.leaf(Leaf.named("far").uri("spiffe://cluster.local/ns/a/sa/far")));
    int serverPort = Program.freePort();
    int farPort = Program.freePort();
    int nearAdmin = Program.freePort();
    int farAdmin = Program.freePort();
    server =
        Program.start(
            "grpc-server",
            directory,
            List.of(GoProgram.GRPC_SERVER.require().toString(), "-port=" + serverPort));
    server.await("the server listens", Duration.ofSeconds(60), () -> accepts(serverPort));
    far =
        DataPlane.MELTEMI.start(
            "far",
            directory,
            bootstrap(
                farAdmin,
                listener("mutual", farPort, "server", tls("Downstream", "far", "")),
                cluster("server", serverPort, "")));
    near =
        DataPlane.MELTEMI.start(
            "near",
            directory,
            bootstrap(
                nearAdmin,
                listener("plain", plainPort, "server", "")
                    + listener("first", mutualPort, "far", ""),
                cluster("server", serverPort, "")
                    + cluster("far", farPort, tls("Upstream", "near", "far"))));
    far.awaitReady("http://127.0.0.1:" + farAdmin + "/ready");
    near.awaitReady("http://127.0.0.1:" + nearAdmin + "/ready");
  }

  @AfterAll
  void stop() {
    for (Program program : new Program[] {near, far, server}) {
      if (program != null) {
        program.close();
      }
    }
  }

  private static boolean accepts(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private void keep(String name, Issued issued) throws IOException {
    Files.writeString(directory.resolve(name + ".pem"), issued.chain());
    Files.writeString(directory.resolve(name + ".key"), issued.key());
  }

  private static String bootstrap(int admin, String listeners, String clusters) {
    return """
    admin: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
    static_resources:
      listeners:
    %s  clusters:
    %s"""
        .formatted(admin, listeners, clusters);
  }

  private static String listener(String name, int port, String cluster, String socket) {
    return """
      - name: %1$s
        address: {socket_address: {address: 127.0.0.1, port_value: %2$d}}
        filter_chains:
        - filters:
          - name: http
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
              stat_prefix: %1$s
              codec_type: AUTO
              route_config:
                virtual_hosts:
                - name: all
                  domains: ["*"]
                  routes: [{match: {prefix: /}, route: {cluster: %3$s, timeout: 0s}}]
              http_filters:
              - name: router
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    %4$s"""
        .formatted(name, port, cluster, socket.isEmpty() ? "" : "      " + socket)
        .indent(2);
  }

  private static String cluster(String name, int port, String socket) {
    return """
      - name: %1$s
        type: STATIC
        connect_timeout: 10s
        typed_extension_protocol_options:
          envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
            "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
            explicit_http_config: {http2_protocol_options: {}}
        load_assignment:
          cluster_name: %1$s
          endpoints:
          - lb_endpoints:
            - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %2$d}}}
    %3$s"""
        .formatted(name, port, socket.isEmpty() ? "" : "    " + socket)
        .indent(2);
  }

  /** One line of a filter chain or of a cluster. */
  private String tls(String side, String own, String peer) {
    String roots =
        "validation_context: {trusted_ca: {filename: '" + directory.resolve("root.pem") + "'}";
    if (!peer.isEmpty()) {
      roots +=
          ", match_typed_subject_alt_names: [{san_type: URI, matcher: {exact:"
              + " 'spiffe://cluster.local/ns/a/sa/"
              + peer
              + "'}}]";
    }
    return "transport_socket: {name: tls, typed_config: {'@type':"
        + " type.googleapis.com/envoy.extensions.transport_sockets.tls.v3."
        + side
        + "TlsContext, common_tls_context: {alpn_protocols: [h2], tls_certificates:"
        + " [{certificate_chain: {filename: '"
        + directory.resolve(own + ".pem")
        + "'}, private_key: {filename: '"
        + directory.resolve(own + ".key")
        + "'}}], "
        + roots
        + "}}"
        + (side.equals("Downstream") ? ", require_client_certificate: true" : "")
        + "}}\n";
  }

  private void passes(int port, String testCase) throws Exception {
    Path own = Files.createTempDirectory(directory, testCase);
    try (Program client =
        Program.start(
            "grpc-client",
            own,
            List.of(
                GoProgram.GRPC_CLIENT.require().toString(),
                "-server_host=127.0.0.1",
                "-server_port=" + port,
                "-test_case=" + testCase))) {
      assertEquals(0, client.awaitEnd(Duration.ofMinutes(3)), client::output);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "empty_unary",
        "large_unary",
        "client_streaming",
        "server_streaming",
        "ping_pong",
        "empty_stream",
        "timeout_on_sleeping_server",
        "cancel_after_begin",
        "cancel_after_first_response",
        "status_code_and_message",
        "special_status_message",
        "custom_metadata",
        "unimplemented_method",
        "unimplemented_service"
      })
  void passesOverPlainAndMutualTls(String testCase) throws Exception {
    passes(plainPort, testCase);
    passes(mutualPort, testCase);
  }
}
