package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsCertificate;
import io.meltemi.proxy.TlsPeer.Hello;
import io.meltemi.proxy.testing.FakeControlPlane;
import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import io.meltemi.xds.resource.TypeUrl;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Secrets that servers deliver: over the aggregated stream, and over a stream of their own. */
final class SdsTest {
  private static final int POLLS_MAX = 1_000;
  private static final Issued ROOT = TestPki.root("mesh");
  private static final Issued FIRST = ROOT.leaf(Leaf.named("first").dns("first.test"));
  private static final Issued SECOND = ROOT.leaf(Leaf.named("second").dns("second.test"));
  private static final Issued CLIENT =
      ROOT.leaf(Leaf.named("client").uri("spiffe://cluster.local/ns/a/sa/client"));

  @AutoClose private final TestApp app = TestApp.saying("app");
  @TempDir Path directory;

  private static DataSource inline(String text) {
    return DataSource.newBuilder().setInlineString(text).build();
  }

  private static Secret certificate(String name, Issued issued) {
    return Secret.newBuilder()
        .setName(name)
        .setTlsCertificate(
            TlsCertificate.newBuilder()
                .setCertificateChain(inline(issued.chain()))
                .setPrivateKey(inline(issued.key())))
        .build();
  }

  private static Secret roots(String name) {
    return Secret.newBuilder()
        .setName(name)
        .setValidationContext(
            CertificateValidationContext.newBuilder().setTrustedCa(inline(ROOT.certificate())))
        .build();
  }

  /** A source of secrets in YAML's flow form. */
  private static String source(String kind, String timeout) {
    String where =
        switch (kind) {
          case "ads" -> "ads: {}";
          case "delta", "state" ->
              "api_config_source: {api_type: "
                  + (kind.equals("delta") ? "DELTA_GRPC" : "GRPC")
                  + ", transport_api_version: V3, grpc_services: [{envoy_grpc: {cluster_name: sds}}]}";
          default -> throw new IllegalArgumentException(kind);
        };
    return "{" + where + ", resource_api_version: V3, initial_fetch_timeout: " + timeout + "}";
  }

  private static String chain(String source, String more) {
    return TlsYaml.httpChain(
            "",
            TlsYaml.downstream(
                "tls_certificate_sds_secret_configs: [{name: 'kubernetes://web', sds_config: "
                    + source
                    + "}]"
                    + more,
                more.isEmpty() ? "" : ", require_client_certificate: true"),
            "app")
        .replace("$MANAGER", "")
        .replace("$LOG", "%RESPONSE_CODE%");
  }

  private String bootstrap(String listeners, String more, String apiType, int xds, String sds) {
    return "node: {id: router~127.0.0.1~a.b~b.svc.cluster.local, cluster: a.b}\n"
        + "dynamic_resources: {ads_config: {api_type: "
        + apiType
        + ", grpc_services: [{envoy_grpc: {cluster_name: xds}}]}}\n"
        + TlsYaml.bootstrap(
            listeners,
            TlsYaml.cluster("app", app.port(), more)
                + TlsYaml.cluster("xds", xds, "")
                + "\n  - {name: sds, type: STATIC, load_assignment: {cluster_name: sds, endpoints:"
                + " [{lb_endpoints: [{endpoint: {address: "
                + sds
                + "}}]}]}}");
  }

  private static String tcp(int port) {
    return "{socket_address: {address: 127.0.0.1, port_value: " + port + "}}";
  }

  private static String subject(SSLSocket socket) throws IOException {
    return ((X509Certificate) socket.getSession().getPeerCertificates()[0])
        .getSubjectX500Principal()
        .getName();
  }

  private static String request(SSLSocket socket) throws IOException {
    socket
        .getOutputStream()
        .write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    byte[] status = socket.getInputStream().readNBytes(15);
    StringBuilder rest = new StringBuilder();
    while (!rest.toString().endsWith("app")) {
      int read = socket.getInputStream().read();
      if (read < 0) {
        break;
      }
      rest.append((char) read);
    }
    return new String(status, StandardCharsets.US_ASCII);
  }

  private static void withoutCertificate(RunningProxy proxy) throws IOException {
    try (SSLSocket stranger =
        TlsPeer.of(ROOT, Optional.empty()).connect(proxy.port(), Hello.PLAIN)) {
      assertEquals("", request(stranger));
    }
  }

  private static void awaitStat(RunningProxy proxy, String line) throws Exception {
    String last = "";
    for (int i = 0; i < POLLS_MAX; i++) {
      last = proxy.admin("/stats").body();
      if (last.contains(line + "\n")) {
        return;
      }
      TimeUnit.MILLISECONDS.sleep(10);
    }
    assertEquals(line, last);
  }

  @ParameterizedTest
  @CsvSource({"DELTA_GRPC,ads", "GRPC,ads", "GRPC,state", "GRPC,delta"})
  void aListenerWaitsForItsSecretsAndFollowsThem(String apiType, String kind) throws Exception {
    TlsPeer peer = TlsPeer.of(ROOT, Optional.of(CLIENT));
    String source = source(kind, "0s");
    String listeners =
        TlsYaml.listener(
            "in",
            chain(
                source,
                ", validation_context_sds_secret_config: {name: 'kubernetes://web-cacert',"
                    + " sds_config: "
                    + source
                    + "}"));
    Path socket = directory.resolve("s");
    try (FakeControlPlane server = new FakeControlPlane()) {
      server.listenAt(socket);
      server.edit(
          edit ->
              edit.put(TypeUrl.SECRET, "kubernetes://web", certificate("kubernetes://web", FIRST)));
      try (RunningProxy proxy =
          RunningProxy.start(
              bootstrap(
                  listeners,
                  "",
                  apiType,
                  server.port(),
                  kind.equals("state") ? "{pipe: {path: " + socket + "}}" : tcp(server.port())))) {
        awaitStat(proxy, "sds.kubernetes_web.update_success: 1");
        assertEquals(0, proxy.proxy().listeners().size());
        assertFalse(proxy.proxy().ready().isDone());
        assertTrue(proxy.admin("/config_dump").body().contains("\"uninitialized\""));

        server.edit(
            edit ->
                edit.put(
                    TypeUrl.SECRET, "kubernetes://web-cacert", roots("kubernetes://web-cacert")));
        proxy.awaitReady();
        try (SSLSocket first = peer.connect(proxy.port(), Hello.PLAIN)) {
          assertEquals("CN=first,O=example", subject(first));
          assertEquals("HTTP/1.1 200 OK", request(first).strip());

          server.edit(
              edit ->
                  edit.put(
                      TypeUrl.SECRET, "kubernetes://web", certificate("kubernetes://web", SECOND)));
          awaitStat(proxy, "sds.kubernetes_web.update_success: 2");
          try (SSLSocket second = peer.connect(proxy.port(), Hello.PLAIN)) {
            assertEquals("CN=second,O=example", subject(second));
          }
          assertEquals("HTTP/1.1 200 OK", request(first).strip());
        }
        assertThrows(IOException.class, () -> withoutCertificate(proxy));

        server.edit(
            edit ->
                edit.put(
                    TypeUrl.SECRET,
                    "kubernetes://web",
                    certificate("kubernetes://web", FIRST).toBuilder()
                        .setTlsCertificate(
                            TlsCertificate.newBuilder()
                                .setCertificateChain(inline(FIRST.chain()))
                                .setPrivateKey(inline(SECOND.key())))
                        .build()));
        String nack = server.nacks().poll(20, TimeUnit.SECONDS);
        assertNotNull(nack);
        assertTrue(
            nack.contains("kubernetes://web") && nack.contains("a private key that fits"), nack);
        awaitStat(proxy, "sds.kubernetes_web.update_rejected: 1");
        try (SSLSocket third = peer.connect(proxy.port(), Hello.PLAIN)) {
          assertEquals("CN=second,O=example", subject(third));
        }
        String dump = proxy.admin("/config_dump").body();
        assertTrue(dump.contains("SecretsConfigDump"), dump);
        assertTrue(dump.contains("dynamic_active_secrets"), dump);
        assertFalse(dump.contains("PRIVATE KEY"), dump);
        assertTrue(proxy.admin("/certs").body().contains("second.test"));

        server.breakStreams();
        server.edit(
            edit ->
                edit.put(
                    TypeUrl.SECRET, "kubernetes://web", certificate("kubernetes://web", FIRST)));
        awaitStat(proxy, "sds.kubernetes_web.update_success: 3");
        try (SSLSocket fourth = peer.connect(proxy.port(), Hello.PLAIN)) {
          assertEquals("CN=first,O=example", subject(fourth));
        }
      }
    }
  }

  @Test
  void aListenerWhoseSecretDoesNotComeAcceptsAfterItsTimeAndClosesConnections() throws Exception {
    try (FakeControlPlane server = new FakeControlPlane();
        RunningProxy proxy =
            RunningProxy.start(
                bootstrap(
                    TlsYaml.listener("in", chain(source("state", "0.05s"), "")),
                    "",
                    "GRPC",
                    server.port(),
                    tcp(server.port())))) {
      proxy.awaitReady();
      assertThrows(
          IOException.class,
          () -> TlsPeer.of(ROOT, Optional.empty()).connect(proxy.port(), Hello.PLAIN));
      awaitStat(proxy, "sds.kubernetes_web.init_fetch_timeout: 1");
      awaitStat(
          proxy, "listener.in.server_ssl_socket_factory.downstream_context_secrets_not_ready: 1");
      server.edit(
          edit ->
              edit.put(TypeUrl.SECRET, "kubernetes://web", certificate("kubernetes://web", FIRST)));
      awaitStat(proxy, "sds.kubernetes_web.update_success: 1");
      try (SSLSocket socket =
          TlsPeer.of(ROOT, Optional.empty()).connect(proxy.port(), Hello.PLAIN)) {
        assertEquals("CN=first,O=example", subject(socket));
      }
    }
  }

  @Test
  void aClusterWaitsForItsSecret() throws Exception {
    String socket =
        ", transport_socket: "
            + TlsYaml.upstream(
                "validation_context_sds_secret_config: {name: ROOTCA, sds_config: "
                    + source("delta", "0s")
                    + "}",
                "");
    try (FakeControlPlane server = new FakeControlPlane();
        RunningProxy proxy =
            RunningProxy.start(
                bootstrap(" []", socket, "GRPC", server.port(), tcp(server.port())))) {
      awaitStat(proxy, "cluster_manager.warming_clusters: 1");
      server.edit(edit -> edit.put(TypeUrl.SECRET, "ROOTCA", certificate("ROOTCA", FIRST)));
      String nack = server.nacks().poll(20, TimeUnit.SECONDS);
      assertNotNull(nack);
      assertTrue(nack.contains("a secret of the kind that is used"), nack);
      awaitStat(proxy, "cluster_manager.warming_clusters: 1");
      server.edit(edit -> edit.put(TypeUrl.SECRET, "ROOTCA", roots("ROOTCA")));
      proxy.awaitReady();
      awaitStat(proxy, "cluster_manager.warming_clusters: 0");
    }
  }

  @Test
  void aServerThatIsNoStaticClusterIsRefused() {
    String yaml =
        bootstrap(
            TlsYaml.listener("in", chain(source("state", "1s").replace("sds}", "other}"), "")),
            "",
            "GRPC",
            1,
            tcp(1));
    ProxyStartException refused =
        assertThrows(ProxyStartException.class, () -> RunningProxy.start(yaml));
    assertTrue(
        String.valueOf(refused.getMessage()).contains("cluster other"),
        () -> String.valueOf(refused.getMessage()));
  }

  @Test
  void requestsGoOverUnixSockets() throws Exception {
    Path socket = directory.resolve("app");
    Files.createDirectories(directory);
    try (java.nio.channels.ServerSocketChannel pipe =
        java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
      pipe.bind(java.net.UnixDomainSocketAddress.of(socket));
      Thread.ofVirtual()
          .start(
              () -> {
                try (java.nio.channels.SocketChannel accepted = pipe.accept()) {
                  java.nio.ByteBuffer bytes = java.nio.ByteBuffer.allocate(4096);
                  accepted.read(bytes);
                  accepted.write(
                      java.nio.ByteBuffer.wrap(
                          "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npipe"
                              .getBytes(StandardCharsets.US_ASCII)));
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      String chain = TlsYaml.httpChain("", "", "app").replace("$MANAGER", "").replace("$LOG", "-");
      try (RunningProxy proxy =
          RunningProxy.start(
              TlsYaml.bootstrap(
                  TlsYaml.listener("in", chain),
                  "\n  - {name: app, type: STATIC, load_assignment: {cluster_name: app, endpoints:"
                      + " [{lb_endpoints: [{endpoint: {address: {pipe: {path: "
                      + socket
                      + "}}}}]}]}}"))) {
        proxy.awaitReady();
        assertEquals("pipe", proxy.get("/").body());
        assertTrue(proxy.admin("/clusters?format=json").body().contains("\"pipe\""));
        assertTrue(proxy.admin("/clusters").body().contains(socket + "::rq_success::1"));
      }
    }
  }
}
