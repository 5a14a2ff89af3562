package io.meltemi.proxy;

import static io.meltemi.proxy.testing.Await.awaitEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.TlsPeer.Hello;
import io.meltemi.proxy.transport.TlsEngine;
import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS on both sides of a whole proxy, over sockets, with both engines. */
@ParameterizedClass
@EnumSource(TlsEngine.class)
class TlsTest {
  private static final Issued ROOT = TestPki.root("mesh");
  private static final Issued STRANGER = TestPki.root("stranger");
  private static final Issued SERVER =
      ROOT.leaf(Leaf.named("server").dns("server.test", "*.wild.test"));
  private static final Issued CLIENT =
      ROOT.leaf(Leaf.named("client").uri("spiffe://cluster.local/ns/a/sa/client").dns("c.test"));
  private static final Issued BAD_CLIENT = STRANGER.leaf(Leaf.named("bad").uri("spiffe://x/y"));
  private static final String MUTUAL =
      ", validation_context: {trusted_ca: " + TlsYaml.text(ROOT.certificate()) + "}";

  private final TlsEngine engine;
  private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();

  private String manager = "";
  private String log = "%RESPONSE_CODE%";

  @AutoClose
  private final TestApp app =
      new TestApp(
          exchange -> {
            StringBuilder text = new StringBuilder("app " + exchange.getRequestURI() + "\n");
            exchange
                .getRequestHeaders()
                .forEach(
                    (name, values) ->
                        values.forEach(
                            value ->
                                text.append(name.toLowerCase(Locale.ROOT))
                                    .append(": ")
                                    .append(value)
                                    .append('\n')));
            String path = exchange.getRequestURI().getPath();
            if (path.startsWith("/big/")) {
              text.append("x".repeat(Integer.parseInt(path.substring(5))));
            }
            TestApp.sent(exchange);
            TestApp.answer(exchange, 200, text.toString());
          });

  TlsTest(TlsEngine engine) {
    this.engine = engine;
  }

  private RunningProxy start(String yaml) throws Exception {
    return RunningProxy.start(
            yaml.replace("$MANAGER", manager).replace("$LOG", log),
            RunningProxy.environment(stdout).withTlsEngine(engine))
        .awaitReady();
  }

  private RunningProxy server(String common, String own) throws Exception {
    return start(
        TlsYaml.bootstrap(
            TlsYaml.listener("in", TlsYaml.httpChain("", TlsYaml.downstream(common, own), "app")),
            TlsYaml.cluster("app", app.port(), "")));
  }

  private static String certificate(Issued issued) {
    return "tls_certificates: [" + TlsYaml.certificate(issued) + "]";
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void endsTls(String version) throws Exception {
    try (RunningProxy proxy = server(certificate(SERVER), "");
        SSLSocket socket =
            TlsPeer.of(ROOT, Optional.empty())
                .connect(proxy.port(), Hello.PLAIN.versions(version))) {
      assertEquals(version, socket.getSession().getProtocol());
      assertTrue(TlsPeer.askKeepingAlive(socket, "/one").startsWith("app /one\n"));
      String answer = TlsPeer.ask(socket, "/two");
      assertTrue(answer.contains("app /two\n"), answer);
      assertTrue(answer.contains("x-forwarded-proto: https"), answer);
      assertEquals(1, proxy.stat("listener.in.ssl.handshake"));
      assertEquals(1, proxy.stat("listener.in.ssl.no_certificate"));
      assertEquals(1, proxy.stat("listener.in.ssl.versions." + version));
      assertEquals(1, proxy.stat("http.tls.downstream_cx_ssl_total"));
    }
  }

  @Test
  void clientsNeedACertificateThatIsTrusted() throws Exception {
    try (RunningProxy proxy =
        server(certificate(SERVER) + MUTUAL, ", require_client_certificate: true")) {
      int port = proxy.port();
      assertTrue(ask(port, ROOT, Optional.of(CLIENT)).contains("app /x\n"));
      assertThrows(IOException.class, () -> ask(port, ROOT, Optional.empty()));
      assertThrows(IOException.class, () -> ask(port, ROOT, Optional.of(BAD_CLIENT)));
      awaitEquals(1L, () -> proxy.stat("listener.in.ssl.fail_verify_no_cert"));
      awaitEquals(1L, () -> proxy.stat("listener.in.ssl.fail_verify_error"));
      assertEquals(1, proxy.stat("listener.in.ssl.handshake"));
      assertEquals(0, proxy.stat("listener.in.ssl.no_certificate"));
      assertEquals(0, proxy.stat("listener.in.ssl.connection_error"));
    }
  }

  private static String ask(int port, Issued trusted, Optional<Issued> own) throws IOException {
    try (SSLSocket socket = TlsPeer.of(trusted, own).connect(port, Hello.PLAIN)) {
      String answer = TlsPeer.ask(socket, "/x");
      if (answer.isEmpty()) {
        throw new IOException("closed without an answer");
      }
      return answer;
    }
  }

  @Test
  void clientsMayShowACertificateWhereItIsNotRequired() throws Exception {
    try (RunningProxy proxy = server(certificate(SERVER) + MUTUAL, "")) {
      int port = proxy.port();
      assertTrue(ask(port, ROOT, Optional.empty()).contains("app /x\n"));
      assertTrue(ask(port, ROOT, Optional.of(CLIENT)).contains("app /x\n"));
      assertThrows(IOException.class, () -> ask(port, ROOT, Optional.of(BAD_CLIENT)));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{san_type: URI, matcher: {exact: 'spiffe://cluster.local/ns/a/sa/client'}} | true",
        "{san_type: URI, matcher: {prefix: 'spiffe://cluster.local/'}} | true",
        "{san_type: URI, matcher: {exact: 'spiffe://cluster.local/ns/a/sa/other'}} | false",
        "{san_type: DNS, matcher: {exact: 'c.test'}} | true",
        "{san_type: DNS, matcher: {exact: 'd.test'}} | false",
        "{san_type: EMAIL, matcher: {prefix: 's'}} | false"
      })
  void clientsNamesAreChecked(String matcher, boolean accepted) throws Exception {
    String checks =
        MUTUAL.substring(0, MUTUAL.length() - 1)
            + ", match_typed_subject_alt_names: ["
            + matcher
            + "]}";
    try (RunningProxy proxy =
        server(certificate(SERVER) + checks, ", require_client_certificate: true")) {
      int port = proxy.port();
      if (accepted) {
        assertTrue(ask(port, ROOT, Optional.of(CLIENT)).contains("app /x\n"));
      } else {
        assertThrows(IOException.class, () -> ask(port, ROOT, Optional.of(CLIENT)));
        awaitEquals(1L, () -> proxy.stat("listener.in.ssl.fail_verify_san"));
      }
    }
  }

  @Test
  void agreesOnAProtocolByTheServersOrder() throws Exception {
    try (RunningProxy proxy =
        server(certificate(SERVER) + ", alpn_protocols: [http/1.1, http/1.0]", "")) {
      TlsPeer client = TlsPeer.of(ROOT, Optional.empty());
      try (SSLSocket socket =
          client.connect(proxy.port(), Hello.PLAIN.protocols("http/1.0", "http/1.1"))) {
        assertEquals("http/1.1", socket.getApplicationProtocol());
      }
      // nothing in common: the handshake goes on without one
      try (SSLSocket socket = client.connect(proxy.port(), Hello.PLAIN.protocols("other"))) {
        assertEquals("", socket.getApplicationProtocol());
        assertTrue(TlsPeer.ask(socket, "/x").contains("app /x\n"));
      }
    }
  }

  private static String subject(SSLSocket socket) throws IOException {
    return ((java.security.cert.X509Certificate) socket.getSession().getPeerCertificates()[0])
        .getSubjectX500Principal()
        .getName();
  }

  @Test
  void serverNamesChooseAmongChains() throws Exception {
    Issued other = ROOT.leaf(Leaf.named("other").dns("other.test"));
    String chains =
        TlsYaml.httpChain(
                "{server_names: [other.test]}", TlsYaml.downstream(certificate(other), ""), "app")
            + ","
            + TlsYaml.httpChain(
                "{transport_protocol: tls}", TlsYaml.downstream(certificate(SERVER), ""), "app")
            + ","
            + TlsYaml.httpChain("{transport_protocol: raw_buffer}", "", "app");
    try (RunningProxy proxy =
        start(
            TlsYaml.bootstrap(
                TlsYaml.listener("in", chains), TlsYaml.cluster("app", app.port(), "")))) {
      try (SSLSocket socket =
          TlsPeer.of(ROOT, Optional.empty())
              .connect(proxy.port(), Hello.PLAIN.serverName("other.test"))) {
        assertEquals("CN=other,O=example", subject(socket));
        assertTrue(TlsPeer.ask(socket, "/x").contains("app /x\n"));
      }
      try (SSLSocket socket =
          TlsPeer.of(ROOT, Optional.empty())
              .connect(proxy.port(), Hello.PLAIN.serverName("server.test"))) {
        assertEquals("CN=server,O=example", subject(socket));
      }
      try (Socket plain = proxy.connect()) {
        String answer = TlsPeer.ask(plain, "/x");
        assertTrue(answer.contains("x-forwarded-proto: http\n"), answer);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void serverNamesChooseAmongCertificates(String version) throws Exception {
    Issued rsa = ROOT.leaf(Leaf.named("rsa").with(TestPki.Key.RSA).dns("rsa.test"));
    Issued second = ROOT.leaf(Leaf.named("second").dns("second.test"));
    String certificates =
        "tls_certificates: ["
            + TlsYaml.certificate(SERVER)
            + ", "
            + TlsYaml.certificate(rsa)
            + ", "
            + TlsYaml.certificate(second)
            + "]";
    try (RunningProxy proxy = server(certificates, "")) {
      Hello hello = Hello.PLAIN.versions(version);
      for (String[] expected :
          new String[][] {
            {"rsa.test", "rsa"},
            {"second.test", "second"},
            {"server.test", "server"},
            {"a.wild.test", "server"},
            {"unknown.test", "server"}
          }) {
        try (SSLSocket socket =
            TlsPeer.of(ROOT, Optional.empty())
                .connect(proxy.port(), hello.serverName(expected[0]))) {
          assertEquals("CN=" + expected[1] + ",O=example", subject(socket), expected[0]);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void sessionsAreResumed(String version) throws Exception {
    try (RunningProxy proxy =
        server(certificate(SERVER) + MUTUAL, ", require_client_certificate: true")) {
      TlsPeer client = TlsPeer.of(ROOT, Optional.of(CLIENT));
      for (int i = 0; i < 2; i++) {
        try (SSLSocket socket = client.connect(proxy.port(), Hello.PLAIN.versions(version))) {
          assertTrue(TlsPeer.askKeepingAlive(socket, "/x").contains("app /x\n"));
        }
      }
      assertEquals(2, proxy.stat("listener.in.ssl.handshake"));
      // the JDK's engine does not tell
      assertEquals(
          engine == TlsEngine.BORINGSSL ? 1 : 0, proxy.stat("listener.in.ssl.session_reused"));
    }
  }

  /** A proxy whose requests go over TLS to another listener. */
  private RunningProxy client(int port, String common, String own, String more) throws Exception {
    return start(
        TlsYaml.bootstrap(
            TlsYaml.listener("out", TlsYaml.httpChain("", "", "far")),
            TlsYaml.cluster(
                "far", port, ", transport_socket: " + TlsYaml.upstream(common, own) + more)));
  }

  private static String plain(RunningProxy proxy, String path) throws IOException {
    try (Socket socket = proxy.connect()) {
      return TlsPeer.ask(socket, path);
    }
  }

  @Test
  void beginsMutualTls() throws Exception {
    String names =
        ", match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: server.test}}]}";
    try (RunningProxy server =
            server(certificate(SERVER) + MUTUAL, ", require_client_certificate: true");
        RunningProxy client =
            client(
                server.port(),
                certificate(CLIENT) + MUTUAL.substring(0, MUTUAL.length() - 1) + names,
                // the JDK as a server refuses names with underscores
                engine == TlsEngine.JDK
                    ? ", sni: server.test"
                    : ", sni: outbound_.80_._.server.test",
                "")) {
      for (int i = 0; i < 3; i++) {
        assertTrue(plain(client, "/x").contains("app /x\n"));
      }
      String big = plain(client, "/big/3000000");
      assertTrue(big.endsWith("x".repeat(1000)), () -> big.substring(0, 300));
      assertEquals(1, client.stat("cluster.far.ssl.handshake"));
      assertEquals(1, client.stat("cluster.far.upstream_cx_total"));
    }
  }

  @Test
  void theHostOfARequestIsItsServerName() throws Exception {
    log = "%REQUESTED_SERVER_NAME% %REQ(:AUTHORITY)% %RESPONSE_CODE%";
    String options =
        """
        , typed_extension_protocol_options: {
          envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {
            "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions,
            explicit_http_config: {http_protocol_options: {}},
            upstream_http_protocol_options: {
              auto_sni: true, auto_san_validation: true, override_auto_sni_header: x-sni}}}
        """;
    try (RunningProxy server = server(certificate(SERVER), "");
        RunningProxy client =
            client(
                server.port(),
                MUTUAL.substring(2),
                ", sni: never.test",
                options.replaceAll("\\s*\\n\\s*", " ").strip())) {
      for (int i = 0; i < 2; i++) {
        assertTrue(ask(client, "server.test:8443", "").startsWith("HTTP/1.1 200"));
        assertTrue(ask(client, "a.wild.test", "").startsWith("HTTP/1.1 200"));
        assertTrue(ask(client, "b.wild.test", "").startsWith("HTTP/1.1 200"));
      }
      assertEquals(3, client.stat("cluster.far.upstream_cx_total"));
      assertTrue(ask(client, "any.test", "X-Sni: server.test\r\n").startsWith("HTTP/1.1 200"));
      assertEquals(3, client.stat("cluster.far.upstream_cx_total"));
      assertTrue(ask(client, "other.test", "").startsWith("HTTP/1.1 503"));
      assertTrue(ask(client, "127.0.0.1:80", "").startsWith("HTTP/1.1 503"));
      assertEquals(2, client.stat("cluster.far.ssl.fail_verify_san"));
    }
    String told = stdout.toString(StandardCharsets.UTF_8);
    for (String line :
        new String[] {
          "\nserver.test server.test:8443 200\n",
          "\na.wild.test a.wild.test 200\n",
          "\nb.wild.test b.wild.test 200\n",
          "\nserver.test any.test 200\n",
          "\n- other.test 503\n"
        }) {
      assertTrue(("\n" + told).contains(line), () -> line + " in " + told);
    }
  }

  private static String ask(RunningProxy proxy, String host, String headers) throws IOException {
    try (Socket socket = proxy.connect()) {
      socket
          .getOutputStream()
          .write(
              ("GET /x HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + headers + "\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void hostsThatAreNotWhoTheyShouldBeAreRefused() throws Exception {
    log = "%RESPONSE_CODE_DETAILS%";
    String names =
        "validation_context: {trusted_ca: "
            + TlsYaml.text(ROOT.certificate())
            + ", match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: other.test}}]}";
    String stranger =
        "validation_context: {trusted_ca: " + TlsYaml.text(STRANGER.certificate()) + "}";
    try (RunningProxy server = server(certificate(SERVER), "");
        RunningProxy wrongName = client(server.port(), names, "", "");
        RunningProxy wrongRoot = client(server.port(), stranger, "", "")) {
      String answer = plain(wrongName, "/x");
      assertTrue(answer.startsWith("HTTP/1.1 503"), answer);
      assertEquals(1, wrongName.stat("cluster.far.ssl.fail_verify_san"));
      answer = plain(wrongRoot, "/x");
      assertTrue(answer.endsWith("reset reason: remote connection failure"), answer);
      assertEquals(1, wrongRoot.stat("cluster.far.ssl.fail_verify_error"));
      assertEquals(1, wrongRoot.stat("cluster.far.upstream_cx_connect_fail"));
    }
    String told = stdout.toString(StandardCharsets.UTF_8);
    assertTrue(
        told.contains(
            "upstream_reset_before_response_started{remote_connection_failure|TLS_error:|268435581:"
                + "SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:"),
        told);
    assertTrue(told.contains("unable_to_get_local_issuer_certificate:TLS_error_end}"), told);
  }

  @Test
  void hostsWithoutTlsAreRefused() throws Exception {
    log = "%UPSTREAM_TRANSPORT_FAILURE_REASON%";
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        RunningProxy client = client(server.getLocalPort(), "", "", "")) {
      Thread answering =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try (Socket socket = server.accept()) {
                      socket
                          .getOutputStream()
                          .write(
                              "HTTP/1.1 400 Bad Request\r\n\r\n"
                                  .getBytes(StandardCharsets.US_ASCII));
                      socket.getInputStream().readAllBytes();
                    } catch (IOException e) {
                      // the proxy is gone
                    }
                  });
      String answer = plain(client, "/x");
      answering.join();
      assertTrue(answer.startsWith("HTTP/1.1 503"), answer);
      assertEquals(1, client.stat("cluster.far.ssl.connection_error"));
    }
    String told = stdout.toString(StandardCharsets.UTF_8);
    assertTrue(told.contains("OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end"), told);
  }

  @Test
  void theMetadataOfAHostChoosesItsSocket() throws Exception {
    try (RunningProxy server = server(certificate(SERVER), "")) {
      String yaml =
          TlsYaml.bootstrap(
              TlsYaml.listener("out", TlsYaml.httpChain("", "", "far")),
              TlsYaml.cluster(
                      "far",
                      server.port(),
                      ", transport_socket_matches: [{name: tls, match: {tlsMode: istio},"
                          + " transport_socket: "
                          + TlsYaml.upstream("", ", sni: server.test")
                          + "}, {name: raw, match: {}, transport_socket: {name: raw, typed_config:"
                          + " {\"@type\": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}}]")
                  .replace(
                      "lb_endpoints: [{",
                      "lb_endpoints: [{metadata: {filter_metadata: {envoy.transport_socket_match:"
                          + " {tlsMode: istio, more: 1}}}, "));
      try (RunningProxy client = start(yaml)) {
        assertTrue(plain(client, "/x").contains("app /x\n"));
        assertEquals(1, client.stat("cluster.far.ssl.handshake"));
      }
      // without the metadata the plain socket is used, which the TLS listener does not take
      try (RunningProxy client =
          start(yaml.replace("tlsMode: istio, more", "tlsMode: other, more"))) {
        assertTrue(plain(client, "/x").startsWith("HTTP/1.1 503"));
        assertEquals(0, client.stat("cluster.far.ssl.handshake"));
      }
    }
  }

  @Test
  void tcpGoesThroughTlsOnBothSides() throws Exception {
    try (RunningProxy server =
            start(
                TlsYaml.bootstrap(
                    TlsYaml.listener(
                        "in", TlsYaml.tcpChain(TlsYaml.downstream(certificate(SERVER), ""), "app")),
                    TlsYaml.cluster("app", app.port(), "")));
        RunningProxy client =
            start(
                TlsYaml.bootstrap(
                    TlsYaml.listener("out", TlsYaml.tcpChain("", "far")),
                    TlsYaml.cluster(
                        "far",
                        server.port(),
                        ", transport_socket: " + TlsYaml.upstream("", ""))))) {
      String answer = plain(client, "/big/2000000");
      assertTrue(answer.endsWith("x".repeat(1000)), () -> answer.length() + "");
      assertTrue(answer.contains("app /big/2000000\n"), () -> answer.substring(0, 200));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\n\r\n",
        "\u0016\u0003\u0001\u0000\u0005\u0001\u0000\u0000\u0001\u0000",
        "\u0016\u0003\u0001@\u0000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "\u0015\u0003\u0003\u0000\u0002\u0002(",
        "\u0017\u0003\u0003\u0000\u0003abc",
        "\u0080\u0001\u0002\u0003\u0004"
      })
  void bytesThatAreNoHandshakeEndTheConnection(String bytes) throws Exception {
    String chain = TlsYaml.httpChain("", TlsYaml.downstream(certificate(SERVER), ""), "app");
    try (RunningProxy proxy =
        start(
            TlsYaml.bootstrap(
                TlsYaml.listener("in", chain), TlsYaml.cluster("app", app.port(), "")))) {
      try (Socket socket = proxy.connect()) {
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
        socket.shutdownOutput();
        try {
          socket.getInputStream().readAllBytes();
        } catch (java.net.SocketException e) {
          // a reset ends it just as well
        }
      }
      assertTrue(ask(proxy.port(), ROOT, Optional.empty()).contains("app /x\n"));
      assertEquals(1, proxy.stat("listener.in.ssl.handshake"));
    }
  }

  @Test
  void clientsThatStallAreCutOff() throws Exception {
    String chain =
        TlsYaml.httpChain("", TlsYaml.downstream(certificate(SERVER), ""), "app")
            .replace(
                "filters: [{name: envoy.filters.network",
                "transport_socket_connect_timeout: 0.05s, filters: [{name: envoy.filters.network");
    try (RunningProxy proxy =
            start(
                TlsYaml.bootstrap(
                    TlsYaml.listener("in", "", chain), TlsYaml.cluster("app", app.port(), "")));
        Socket socket = proxy.connect()) {
      assertEquals(-1, socket.getInputStream().read());
      assertEquals(1, proxy.stat("listener.in.downstream_cx_transport_socket_connect_timeout"));
    }
  }

  @Test
  void aNewSecretOfAFileCountsForNewConnections(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("secret.yaml");
    Issued second = ROOT.leaf(Leaf.named("second").dns("server.test"));
    writeSecret(file, SERVER);
    String chain =
        TlsYaml.httpChain(
            "",
            TlsYaml.downstream(
                "tls_certificate_sds_secret_configs: [{name: own, sds_config:"
                    + " {path_config_source: {path: '"
                    + file
                    + "'}}}]",
                ""),
            "app");
    try (RunningProxy proxy =
        start(
            TlsYaml.bootstrap(
                TlsYaml.listener("in", chain), TlsYaml.cluster("app", app.port(), "")))) {
      TlsPeer client = TlsPeer.of(ROOT, Optional.empty());
      try (SSLSocket before = client.connect(proxy.port(), Hello.PLAIN)) {
        assertEquals("CN=server,O=example", subject(before));
        writeSecret(file, second);
        String now = "";
        for (int i = 0; i < 200 && !now.equals("CN=second,O=example"); i++) {
          TimeUnit.MILLISECONDS.sleep(50);
          try (SSLSocket after =
              TlsPeer.of(ROOT, Optional.empty()).connect(proxy.port(), Hello.PLAIN)) {
            now = subject(after);
          }
        }
        assertEquals("CN=second,O=example", now);
        assertTrue(TlsPeer.ask(before, "/x").contains("app /x\n"));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void changedFilesCountForNewConnections(boolean bySds, @TempDir Path directory) throws Exception {
    Issued second = ROOT.leaf(Leaf.named("second").dns("server.test"));
    Path chainFile = directory.resolve("tls.crt");
    Path keyFile = directory.resolve("tls.key");
    Path rootFile = directory.resolve("ca.crt");
    Files.writeString(chainFile, SERVER.chain());
    Files.writeString(keyFile, SERVER.key());
    Files.writeString(rootFile, STRANGER.certificate());
    String pair =
        "{certificate_chain: {filename: '"
            + chainFile
            + "'}, private_key: {filename: '"
            + keyFile
            + "'}, watched_directory: {path: '"
            + directory
            + "'}}";
    String roots = "{trusted_ca: {filename: '" + rootFile + "'}}";
    String common = "tls_certificates: [" + pair + "], validation_context: " + roots;
    if (bySds) {
      Path file = directory.resolve("sds.yaml");
      String secret =
          "{\"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret, name: ";
      Files.writeString(
          file,
          "resources: ["
              + secret
              + "own, tls_certificate: "
              + pair
              + "}, "
              + secret
              + "roots, validation_context: "
              + roots
              + "}]\n");
      String source = ", sds_config: {path_config_source: {path: '" + file + "'}}}";
      common =
          "tls_certificate_sds_secret_configs: [{name: own"
              + source
              + "], validation_context_sds_secret_config: {name: roots"
              + source;
    }
    try (RunningProxy proxy = server(common, ", require_client_certificate: true")) {
      int port = proxy.port();
      try (SSLSocket before =
          TlsPeer.of(ROOT, Optional.of(BAD_CLIENT)).connect(port, Hello.PLAIN)) {
        assertEquals("CN=server,O=example", subject(before));
        assertTrue(TlsPeer.askKeepingAlive(before, "/x").contains("app /x\n"));
        // the certificate comes before its key: the old pair stays meanwhile
        Files.writeString(chainFile, second.chain());
        TimeUnit.MILLISECONDS.sleep(1500);
        assertEquals("server", whoAnswers(port, BAD_CLIENT));
        Files.writeString(keyFile, second.key());
        for (int i = 0; i < 200 && !whoAnswers(port, BAD_CLIENT).equals("second"); i++) {
          TimeUnit.MILLISECONDS.sleep(50);
        }
        assertEquals("second", whoAnswers(port, BAD_CLIENT));
        Files.writeString(rootFile, ROOT.certificate());
        for (int i = 0; i < 200 && !whoAnswers(port, BAD_CLIENT).isEmpty(); i++) {
          TimeUnit.MILLISECONDS.sleep(50);
        }
        assertEquals("", whoAnswers(port, BAD_CLIENT));
        assertEquals("second", whoAnswers(port, CLIENT));
        assertTrue(TlsPeer.ask(before, "/y").contains("app /y\n"));
      }
    }
  }

  /** The name of the server's certificate; empty when it does not take the client. */
  private static String whoAnswers(int port, Issued client) {
    try (SSLSocket socket = TlsPeer.of(ROOT, Optional.of(client)).connect(port, Hello.PLAIN)) {
      return TlsPeer.ask(socket, "/x").contains("app /x\n")
          ? subject(socket).substring(3).replace(",O=example", "")
          : "";
    } catch (IOException e) {
      return "";
    }
  }

  private static void writeSecret(Path file, Issued issued) throws IOException {
    Path fresh = file.resolveSibling("fresh");
    Files.writeString(
        fresh,
        "resources: [{\"@type\":"
            + " type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret, name: own,"
            + " tls_certificate: "
            + TlsYaml.certificate(issued)
            + "}]\n");
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "SANITIZE | ",
        "FORWARD_ONLY | By=spiffe://forged",
        "APPEND_FORWARD | By=spiffe://forged,OWN",
        "SANITIZE_SET | OWN",
        "ALWAYS_FORWARD_ONLY | By=spiffe://forged"
      })
  void requestsTellOfTheClientsCertificate(String mode, @Nullable String expected)
      throws Exception {
    Issued identity =
        ROOT.leaf(Leaf.named("server").dns("server.test").uri("spiffe://cluster.local/own"));
    manager =
        "forward_client_cert_details: "
            + mode
            + ", set_current_client_cert_details: {subject: true, uri: true, dns: true},";
    try (RunningProxy proxy = server(certificate(identity) + MUTUAL, "");
        SSLSocket socket =
            TlsPeer.of(ROOT, Optional.of(CLIENT)).connect(proxy.port(), Hello.PLAIN)) {
      String own =
          "By=spiffe://cluster.local/own;Hash="
              + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(CLIENT.der()))
              + ";Subject=\"CN=client,O=example\";URI=spiffe://cluster.local/ns/a/sa/client"
              + ";DNS=c.test";
      String answer =
          TlsPeer.ask(socket, "/x HTTP/1.1\r\nx-forwarded-client-cert: By=spiffe://forged\r\nx:");
      String line =
          answer
              .lines()
              .filter(l -> l.startsWith("x-forwarded-client-cert: "))
              .findFirst()
              .map(l -> l.substring(25))
              .orElse("");
      assertEquals(expected == null ? "" : expected.replace("OWN", own), line);
    }
  }

  @Test
  void logsTellOfTls() throws Exception {
    log =
        "%DOWNSTREAM_TLS_VERSION% %DOWNSTREAM_TLS_CIPHER% %DOWNSTREAM_PEER_URI_SAN%"
            + " %DOWNSTREAM_PEER_SUBJECT% %DOWNSTREAM_LOCAL_SUBJECT% %UPSTREAM_TLS_VERSION%";
    try (RunningProxy server = server(certificate(SERVER), "")) {
      String yaml =
          TlsYaml.bootstrap(
              TlsYaml.listener(
                  "in",
                  TlsYaml.httpChain(
                      "", TlsYaml.downstream(certificate(SERVER) + MUTUAL, ""), "far")),
              TlsYaml.cluster(
                  "far",
                  server.port(),
                  ", transport_socket: "
                      + TlsYaml.upstream(
                          "tls_params: {tls_maximum_protocol_version: TLSv1_2}", "")));
      try (RunningProxy proxy = start(yaml)) {
        assertTrue(ask(proxy.port(), ROOT, Optional.of(CLIENT)).contains("app /x\n"));
      }
    }
    assertTrue(
        stdout
                .toString(StandardCharsets.UTF_8)
                .contains(
                    "TLSv1.3 TLS_AES_256_GCM_SHA384 spiffe://cluster.local/ns/a/sa/client"
                        + " CN=client,O=example CN=server,O=example TLSv1.2\n")
            || stdout
                .toString(StandardCharsets.UTF_8)
                .contains(
                    "TLSv1.3 TLS_AES_128_GCM_SHA256 spiffe://cluster.local/ns/a/sa/client"
                        + " CN=client,O=example CN=server,O=example TLSv1.2\n"),
        stdout::toString);
  }

  @Test
  void theAdminShowsCertificatesAndNoKeys() throws Exception {
    try (RunningProxy proxy = server(certificate(SERVER) + MUTUAL, "")) {
      String certificates = proxy.admin("/certs").body();
      assertTrue(certificates.contains("\"dns\": \"server.test\""), certificates);
      assertTrue(certificates.contains("\"ca_cert\": [{"), certificates);
      String dump = proxy.admin("/config_dump").body();
      assertTrue(dump.contains("[redacted]"), dump);
      assertTrue(dump.contains("BEGIN CERTIFICATE"), dump);
      assertFalse(dump.contains("PRIVATE KEY"), dump);
    }
  }
}
