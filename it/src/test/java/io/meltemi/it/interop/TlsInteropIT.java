package io.meltemi.it.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * TLS between real programs: Envoy and our proxy as either end of a connection, curl and OpenSSL as
 * clients. Both data planes get the same configuration, and must say the same about what happens.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class TlsInteropIT {
  private static final Issued ROOT = TestPki.root("mesh");
  private static final Issued STRANGER = TestPki.root("stranger");

  /** What the server says about its connection, and the client about its own. */
  private static final String DOWNSTREAM =
      "%PROTOCOL% %DOWNSTREAM_TLS_VERSION% %DOWNSTREAM_TLS_CIPHER% %REQUESTED_SERVER_NAME%"
          + " %DOWNSTREAM_PEER_URI_SAN% %DOWNSTREAM_PEER_DNS_SAN% %DOWNSTREAM_PEER_SUBJECT%"
          + " %DOWNSTREAM_PEER_ISSUER% %DOWNSTREAM_PEER_SERIAL% %DOWNSTREAM_PEER_FINGERPRINT_256%"
          + " %DOWNSTREAM_PEER_FINGERPRINT_1% %DOWNSTREAM_PEER_CERT_V_START%"
          + " %DOWNSTREAM_PEER_CERT_V_END% %DOWNSTREAM_LOCAL_URI_SAN% %DOWNSTREAM_LOCAL_SUBJECT%"
          + " %DOWNSTREAM_TLS_GROUP%";

  private static final String UPSTREAM =
      "%UPSTREAM_PROTOCOL% %UPSTREAM_TLS_VERSION% %UPSTREAM_TLS_CIPHER% %UPSTREAM_PEER_SUBJECT%"
          + " %UPSTREAM_PEER_URI_SAN% %UPSTREAM_LOCAL_URI_SAN%"
          + " %UPSTREAM_LOCAL_DNS_SAN% %UPSTREAM_TLS_GROUP%"
          + " %UPSTREAM_TRANSPORT_FAILURE_REASON% %RESPONSE_CODE_DETAILS%";

  private static final String ANY = "type.googleapis.com/envoy.";
  private static final String TLS = ANY + "extensions.transport_sockets.tls.v3.";
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private Path directory;
  private EchoServer backend;
  private final Map<DataPlane, Proxied> servers = new LinkedHashMap<>();

  /** A running data plane and where it listens. */
  private record Proxied(Program program, int port, int admin) {}

  @BeforeAll
  void start(@TempDir Path shared) throws Exception {
    directory = shared;
    backend = new EchoServer("backend");
    write("root", ROOT);
    write("stranger", STRANGER);
    write("server", ROOT.leaf(Leaf.named("server").dns("server.test").uri(id("s", "server"))));
    write("other", ROOT.leaf(Leaf.named("other").with(TestPki.Key.RSA).dns("other.test")));
    write("client", ROOT.leaf(Leaf.named("client").dns("client.test").uri(id("c", "client"))));
    write("nobody", ROOT.leaf(Leaf.named("nobody").uri("spiffe://elsewhere/ns/c/sa/client")));
    write("forged", STRANGER.leaf(Leaf.named("client").uri(id("c", "client"))));
    write(
        "expired",
        ROOT.leaf(
            Leaf.named("expired")
                .dns("server.test")
                .uri(id("c", "client"))
                .valid(
                    Instant.now().minus(Duration.ofDays(2)),
                    Instant.now().minus(Duration.ofDays(1)))));
    for (DataPlane dataPlane : DataPlane.values()) {
      servers.put(dataPlane, server(dataPlane));
    }
  }

  @AfterAll
  void stop() {
    servers.values().forEach(server -> server.program().close());
    backend.close();
  }

  private Proxied serverOf(DataPlane dataPlane) {
    return Objects.requireNonNull(servers.get(dataPlane));
  }

  private static String id(String namespace, String account) {
    return "spiffe://cluster.local/ns/" + namespace + "/sa/" + account;
  }

  private void write(String name, Issued issued) throws IOException {
    Files.writeString(directory.resolve(name + ".pem"), issued.chain());
    Files.writeString(directory.resolve(name + ".key"), issued.key());
    if (issued == ROOT || issued == STRANGER) {
      Files.writeString(directory.resolve(name + ".pem"), issued.certificate());
    }
  }

  private String file(String name) {
    return "{filename: '" + directory.resolve(name) + "'}";
  }

  private String pair(String name) {
    return "tls_certificates: [{certificate_chain: "
        + file(name + ".pem")
        + ", private_key: "
        + file(name + ".key")
        + "}]";
  }

  private String roots(String name, String more) {
    return "validation_context: {trusted_ca: " + file(name + ".pem") + more + "}";
  }

  private static String downstream(String common, String more) {
    return "transport_socket: {name: tls, typed_config: {'@type': "
        + TLS
        + "DownstreamTlsContext, common_tls_context: {"
        + common
        + "}"
        + more
        + "}}";
  }

  private static String http(String rules, String virtualHost) {
    return "filters: [{name: http, typed_config: {'@type': "
        + ANY
        + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager,"
        + " stat_prefix: tls, codec_type: AUTO, forward_client_cert_details: SANITIZE_SET,"
        + " set_current_client_cert_details: {subject: true, uri: true, dns: true, cert: true},"
        + " http_filters: ["
        + rules
        + "{name: router, typed_config: {'@type': "
        + ANY
        + "extensions.filters.http.router.v3.Router}}],"
        + " route_config: {virtual_hosts: [{name: all, domains: ['*'], "
        + virtualHost
        + "}]}}}]";
  }

  private static String header(String name, String value) {
    return "response_headers_to_add: [{header: {key: " + name + ", value: '" + value + "'}}]";
  }

  private static String endpoint(int port) {
    return "load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: "
        + "{socket_address: {address: 127.0.0.1, port_value: "
        + port
        + "}}}}]}]}";
  }

  private static String bootstrap(int admin, int port, String chains, String clusters) {
    return "admin: {address: {socket_address: {address: 127.0.0.1, port_value: "
        + admin
        + "}}}\nstatic_resources:\n  listeners:\n  - name: in\n    stat_prefix: in\n"
        + "    address: {socket_address: {address: 127.0.0.1, port_value: "
        + port
        + "}}\n    listener_filters: [{name: tls, typed_config: {'@type': "
        + ANY
        + "extensions.filters.listener.tls_inspector.v3.TlsInspector}}]\n    filter_chains: ["
        + chains
        + "]\n  clusters:\n"
        + clusters;
  }

  private Proxied start(DataPlane dataPlane, String name, int port, int admin, String bootstrap)
      throws Exception {
    Program program = dataPlane.start(name, directory, bootstrap);
    program.awaitReady("http://127.0.0.1:" + admin + "/ready");
    return new Proxied(program, port, admin);
  }

  /**
   * By server name: {@code server.test} wants certificates of the mesh and lets one workload in;
   * {@code other.test} serves anyone, in TLS 1.2 only; the rest meets an expired certificate.
   */
  private Proxied server(DataPlane dataPlane) throws Exception {
    String rules =
        "{name: rbac, typed_config: {'@type': "
            + ANY
            + "extensions.filters.http.rbac.v3.RBAC, rules: {action: ALLOW, policies: {one: {"
            + "permissions: [{any: true}], principals: [{authenticated: {principal_name: {exact: '"
            + id("c", "client")
            + "'}}}]}}}}},";
    String route =
        header("x-down", DOWNSTREAM) + ", routes: [{match: {prefix: /}, route: {cluster: app}}]";
    String alpn = ", alpn_protocols: [h2, http/1.1]";
    String chains =
        "{filter_chain_match: {server_names: [server.test]}, "
            + downstream(
                pair("server")
                    + ", "
                    + roots(
                        "root",
                        ", match_typed_subject_alt_names: [{san_type: URI, matcher: {prefix:"
                            + " 'spiffe://cluster.local/'}}]")
                    + alpn,
                ", require_client_certificate: true")
            + ", "
            + http(rules, route)
            + "}, {filter_chain_match: {server_names: [other.test]}, "
            + downstream(
                pair("other") + ", tls_params: {tls_maximum_protocol_version: TLSv1_2}", "")
            + ", "
            + http("", route)
            + "}, {filter_chain_match: {transport_protocol: tls}, "
            + downstream(pair("expired") + alpn, "")
            + ", "
            + http("", route)
            + "}, {"
            + http("", route)
            + "}";
    int port = Program.freePort();
    int admin = Program.freePort();
    return start(
        dataPlane,
        "server",
        port,
        admin,
        bootstrap(
            admin,
            port,
            chains,
            "  - {name: app, type: STATIC, " + endpoint(backend.port()) + "}\n"));
  }

  /** A cluster over TLS and the route to it. */
  private record Target(String name, int port, String common, String own, String protocol) {
    String cluster() {
      String options =
          protocol.isEmpty()
              ? ""
              : ", typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3."
                  + "HttpProtocolOptions: {'@type': "
                  + ANY
                  + "extensions.upstreams.http.v3.HttpProtocolOptions, "
                  + protocol
                  + "}}";
      return "  - {name: "
          + name
          + ", type: STATIC, connect_timeout: 2s, "
          + endpoint(port)
          + ", transport_socket: {name: tls, typed_config: {'@type': "
          + TLS
          + "UpstreamTlsContext, common_tls_context: {"
          + common
          + "}"
          + own
          + "}}"
          + options
          + "}\n";
    }

    String route() {
      return "{match: {prefix: /" + name + "/}, route: {cluster: " + name + "}}";
    }
  }

  private Proxied client(DataPlane dataPlane, List<Target> targets) throws Exception {
    StringBuilder clusters = new StringBuilder();
    List<String> routes = new ArrayList<>();
    for (Target target : targets) {
      clusters.append(target.cluster());
      routes.add(target.route());
    }
    int port = Program.freePort();
    int admin = Program.freePort();
    return start(
        dataPlane,
        "client",
        port,
        admin,
        bootstrap(
            admin,
            port,
            "{"
                + http(
                    "", header("x-up", UPSTREAM) + ", routes: [" + String.join(", ", routes) + "]")
                + "}",
            clusters.toString()));
  }

  private static HttpResponse<String> get(Proxied client, String path) throws Exception {
    return HTTP.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + client.port() + path))
            .timeout(Duration.ofSeconds(20))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void mutualTlsBetweenEither() throws Exception {
    String mine =
        pair("client")
            + ", "
            + roots(
                "root",
                ", match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: server.test}}]");
    String explicit = "explicit_http_config: {";
    List<Target> targets = new ArrayList<>();
    for (DataPlane server : DataPlane.values()) {
      int port = serverOf(server).port();
      String sni = ", sni: server.test";
      targets.add(
          new Target(server + "-h1", port, mine, sni, explicit + "http_protocol_options: {}}"));
      targets.add(
          new Target(server + "-h2", port, mine, sni, explicit + "http2_protocol_options: {}}"));
      targets.add(new Target(server + "-auto", port, mine, sni, "auto_config: {}"));
      for (String bad : List.of("nobody", "forged", "expired")) {
        targets.add(
            new Target(server + "-" + bad, port, mine.replace("client.", bad + "."), sni, ""));
      }
      targets.add(
          new Target(
              server + "-late",
              port,
              mine.replace("client.", "expired.")
                  + ", tls_params: {tls_maximum_protocol_version: TLSv1_3}",
              sni,
              ""));
      targets.add(
          new Target(
              server + "-tls13",
              port,
              mine + ", tls_params: {tls_maximum_protocol_version: TLSv1_3}",
              sni,
              ""));
    }
    Map<String, String> seen = new TreeMap<>();
    for (DataPlane dataPlane : DataPlane.values()) {
      Proxied client = client(dataPlane, targets);
      try (Program _ = client.program()) {
        for (Target target : targets) {
          HttpResponse<String> answer = get(client, "/" + target.name() + "/x");
          String xfcc =
              answer
                  .body()
                  .lines()
                  .filter(line -> line.startsWith("h.x-forwarded-client-cert"))
                  .findFirst()
                  .orElse(answer.body());
          String text =
              answer.statusCode()
                  + "\n"
                  + answer.headers().firstValue("x-down").orElse("")
                  + "\n"
                  + answer.headers().firstValue("x-up").orElse("")
                  + "\n"
                  + xfcc;
          String kind = target.name().substring(target.name().indexOf('-'));
          String before = seen.putIfAbsent(kind, text);
          if (before != null) {
            assertEquals(before, text, () -> dataPlane + " to " + target.name());
          }
        }
      }
    }
    String h1 = seen.getOrDefault("-h1", "");
    assertTrue(h1.startsWith("200\nHTTP/1.1 TLSv1.2 ECDHE-"), h1);
    assertTrue(h1.contains("URI=" + id("c", "client") + ";DNS=client.test"), h1);
    assertTrue(h1.contains("\nHTTP/1.1 TLSv1.2 "), h1);
    assertTrue(seen.getOrDefault("-h2", "").startsWith("200\nHTTP/2 TLSv1.2 "), seen::toString);
    assertTrue(seen.getOrDefault("-auto", "").startsWith("200\nHTTP/2 TLSv1.2 "), seen::toString);
    assertTrue(
        seen.getOrDefault("-tls13", "").startsWith("200\nHTTP/1.1 TLSv1.3 TLS_AES_"),
        seen::toString);
    assertTrue(seen.getOrDefault("-nobody", "").startsWith("503\n\n"), seen::toString);
  }

  @Test
  void hostsThatAreNotTrustedFailAlike() throws Exception {
    int port = serverOf(DataPlane.MELTEMI).port();
    String sni = ", sni: server.test";
    String good = pair("client") + ", " + roots("root", "");
    List<Target> targets =
        List.of(
            new Target("untrusted", port, pair("client") + ", " + roots("stranger", ""), sni, ""),
            new Target(
                "misnamed",
                port,
                good.substring(0, good.length() - 1)
                    + ", match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: x.test}}]}",
                sni,
                ""),
            new Target("expired", port, roots("root", ""), ", sni: none.test", ""),
            new Target(
                "old",
                port,
                good
                    + ", tls_params: {tls_minimum_protocol_version: TLSv1_3,"
                    + " tls_maximum_protocol_version: TLSv1_3}",
                ", sni: other.test",
                ""),
            new Target("plain", backend.port(), good, sni, ""),
            new Target(
                "hash",
                port,
                good.substring(0, good.length() - 1)
                    + ", verify_certificate_hash: ['"
                    + "ab".repeat(32)
                    + "']}",
                sni,
                ""));
    Map<String, String> seen = new TreeMap<>();
    for (DataPlane dataPlane : List.of(DataPlane.ENVOY, DataPlane.MELTEMI)) {
      Proxied client = client(dataPlane, targets);
      try (Program _ = client.program()) {
        for (Target target : targets) {
          HttpResponse<String> answer = get(client, "/" + target.name() + "/x");
          String text =
              answer.statusCode()
                  + " "
                  + answer.body()
                  + " "
                  + answer.headers().firstValue("x-up").orElse("")
                  + " "
                  + stats(
                      client,
                      "cluster\\." + target.name() + "\\.(ssl\\.|upstream_cx_connect_fail)");
          String before = seen.putIfAbsent(target.name(), text);
          if (before != null) {
            assertEquals(before, text, target.name());
          }
          assertTrue(text.startsWith("503 "), text);
        }
      }
    }
  }

  /** Counters that are not 0, without those that tell of chosen algorithms. */
  private static Map<String, String> stats(Proxied proxied, String filter) throws Exception {
    Map<String, String> found = new TreeMap<>();
    String text =
        Program.get(
            "http://127.0.0.1:"
                + proxied.admin()
                + "/stats?usedonly&filter="
                + java.net.URLEncoder.encode(filter, StandardCharsets.UTF_8));
    for (String line : text.lines().toList()) {
      int colon = line.lastIndexOf(": ");
      if (colon > 0
          && !line.endsWith(": 0")
          && !line.contains(".ciphers.")
          && !line.contains(".curves.")
          && !line.contains(".sigalgs.")
          && !line.contains(".versions.")
          && !line.contains("certificate.")) {
        found.put(line.substring(0, colon), line.substring(colon + 2));
      }
    }
    return found;
  }

  private record Ended(int status, String output) {}

  /** Runs a program to its end; its input is at its end at once. */
  private Ended run(String... command) throws Exception {
    Path log = Files.createTempFile(directory, "run", ".log");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    process.getOutputStream().close();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(String.join(" ", command) + ": " + Files.readString(log));
    }
    return new Ended(process.exitValue(), Files.readString(log, StandardCharsets.ISO_8859_1));
  }

  private String curl(int port, String host, String... options) throws Exception {
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of(
            "curl",
            "-sS",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code} HTTP/%{http_version}",
            "--cacert",
            "root.pem",
            "--resolve",
            host + ":" + port + ":127.0.0.1"));
    command.addAll(List.of(options));
    command.add("https://" + host + ":" + port + "/x");
    Ended ended = run(command.toArray(String[]::new));
    return ended.status() == 0 ? ended.output() : "failed";
  }

  @Test
  void otherClientsMeetTheSameServer() throws Exception {
    Map<DataPlane, List<String>> told = new LinkedHashMap<>();
    for (DataPlane dataPlane : DataPlane.values()) {
      Proxied server = server(dataPlane);
      try (Program _ = server.program()) {
        int port = server.port();
        List<String> results = new ArrayList<>();
        String[] own = {"--cert", "client.pem", "--key", "client.key"};
        results.add("h1 " + curl(port, "server.test", with(own, "--http1.1")));
        results.add("h2 " + curl(port, "server.test", with(own, "--http2")));
        results.add("1.2 " + curl(port, "server.test", with(own, "--tls-max", "1.2")));
        results.add(
            "1.1 "
                + curl(
                    port,
                    "server.test",
                    with(own, "--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0")));
        results.add("none " + curl(port, "server.test"));
        for (String bad : List.of("nobody", "forged", "expired")) {
          results.add(
              bad + " " + curl(port, "server.test", "--cert", bad + ".pem", "--key", bad + ".key"));
        }
        results.add("other " + curl(port, "other.test", "--http2"));
        results.add("other 1.3 " + curl(port, "other.test", "--tlsv1.3"));
        results.add("expired server " + curl(port, "none.test"));
        results.add(
            "plain "
                + run(
                        "curl",
                        "-s",
                        "-o",
                        "/dev/null",
                        "-w",
                        "%{http_code}",
                        "http://127.0.0.1:" + port + "/x")
                    .output());
        for (String bytes :
            List.of(
                "\u0016\u0003\u0001\u0000\u0005\u0001\u0000\u0000\u0001\u0000",
                "\u0016\u0003\u0001\u0002\u0000\u0001\u0000",
                "\u0015\u0003\u0003\u0000\u0002\u0002(")) {
          garbage(port, bytes);
        }
        told.put(dataPlane, results);
        results.add(settled(server).toString());
      }
    }
    assertEquals(told.get(DataPlane.ENVOY), told.get(DataPlane.MELTEMI));
    assertEquals(
        List.of("h1 200 HTTP/1.1", "h2 200 HTTP/2", "1.2 200 HTTP/2", "1.1 failed", "none failed"),
        Objects.requireNonNull(told.get(DataPlane.MELTEMI)).subList(0, 5));
  }

  /** The listener's numbers once every connection is gone. */
  private static Map<String, String> settled(Proxied server) throws Exception {
    String filter = "listener\\.in\\.(ssl\\.|downstream_cx_active|no_filter)";
    for (int i = 0; i < 100; i++) {
      if (!stats(server, filter).containsKey("listener.in.downstream_cx_active")) {
        break;
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
    return stats(server, filter);
  }

  private static String[] with(String[] first, String... more) {
    List<String> all = new ArrayList<>(List.of(first));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private static void garbage(int port, String bytes) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
      socket.shutdownOutput();
      socket.getInputStream().readAllBytes();
    } catch (SocketException e) {
      // a reset ends it just as well
    }
  }

  @Test
  void openSslResumesSessionsAndAgreesOnProtocols() throws Exception {
    for (DataPlane dataPlane : DataPlane.values()) {
      String address = "127.0.0.1:" + serverOf(dataPlane).port();
      for (String version : List.of("-tls1_2", "-tls1_3")) {
        String name = dataPlane + version;
        String[] command = {
          "openssl",
          "s_client",
          "-connect",
          address,
          "-servername",
          "server.test",
          version,
          "-cert",
          "client.pem",
          "-key",
          "client.key",
          "-CAfile",
          "root.pem",
          "-alpn",
          "http/1.1",
          "-verify_return_error",
          "-ign_eof"
        };
        Ended first = request(with(command, "-sess_out", name));
        assertTrue(first.output().contains("New, TLSv1."), first::output);
        assertTrue(first.output().contains("ALPN protocol: http/1.1"), first::output);
        assertTrue(first.output().contains("HTTP/1.1 200 OK"), first::output);
        Ended second = request(with(command, "-sess_in", name));
        assertTrue(second.output().contains("Reused, TLSv1."), () -> name + second.output());
        assertTrue(second.output().contains("HTTP/1.1 200 OK"), () -> name + second.output());
      }
    }
  }

  /** Sends one request through {@code s_client}. */
  private Ended request(String... command) throws Exception {
    Path log = Files.createTempFile(directory, "openssl", ".log");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    process
        .getOutputStream()
        .write(
            "GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
                .getBytes(StandardCharsets.US_ASCII));
    process.getOutputStream().flush();
    boolean ended = process.waitFor(30, TimeUnit.SECONDS);
    process.destroyForcibly();
    String output = Files.readString(log, StandardCharsets.ISO_8859_1);
    assertTrue(ended, output);
    return new Ended(process.exitValue(), output);
  }
}
