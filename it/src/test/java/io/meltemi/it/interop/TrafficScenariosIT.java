package io.meltemi.it.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Traffic through sidecars that share a machine ({@code MELTEMI_LOCAL}), and what is no data:
 * files, changes under load. What routes do is in {@code io.meltemi.it.traffic}.
 */
@ParameterizedClass
@EnumSource(DataPlane.class)
class TrafficScenariosIT {
  @TempDir private static Path directory;

  /** Named in the report; the tests themselves do not care. */
  @Parameter private DataPlane dataPlane = DataPlane.MELTEMI;

  private static Mesh mesh;
  private static HttpClient client;

  @BeforeParameterizedClassInvocation
  static void start(DataPlane dataPlane) throws Exception {
    mesh = new Mesh(dataPlane, Files.createDirectories(directory.resolve(dataPlane.name())));
    client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(
                ProxySelector.of(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), mesh.httpProxyPort)))
            .build();
    eventually("http://echo:8000/", r -> r.statusCode() == 200);
  }

  @AfterEach
  void nothingWasRejected() throws Exception {
    assertFalse(
        mesh.discovery.output().contains("NACK"),
        () -> dataPlane + ":\n" + mesh.discovery.output());
    mesh.reset();
  }

  @AfterParameterizedClassInvocation
  static void stop() {
    mesh.close();
  }

  @Test
  void withoutRulesEveryInstanceAnswers() throws Exception {
    Map<String, Integer> shares = shares("http://echo:8000/", 100);
    assertTrue(shares.keySet().containsAll(List.of("v1", "v2")), shares::toString);
    for (String host :
        List.of("echo.default", "echo.default.svc", "echo.default.svc.cluster.local")) {
      assertEquals(200, get("http://" + host + ":8000/").statusCode(), host);
    }
  }

  @Test
  void aSubsetMayComeLater() throws Exception {
    virtualService(
        """
          - route: [{destination: {host: echo, subset: v2}}]
            headers: {response: {set: {x-rule: early}}}
        """);
    eventually("http://echo:8000/", r -> r.statusCode() == 503);
    subsets();
    eventually("http://echo:8000/", r -> r.statusCode() == 200 && field(r, "server").equals("v2"));
  }

  @Test
  void serviceEntriesAreReached() throws Exception {
    mesh.write(
        "entry.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: static}
        spec:
          hosts: [static.example]
          ports: [{number: 80, name: http, protocol: HTTP}]
          resolution: STATIC
          endpoints: [{address: 127.0.0.1, ports: {http: %d}}]
        ---
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: dns}
        spec:
          hosts: [dns.example]
          ports: [{number: 80, name: http, protocol: HTTP}]
          resolution: DNS
          endpoints: [{address: localhost, ports: {http: %d}}]
        """
            .formatted(mesh.v1.port(), mesh.v2.port()));
    eventually(
        "http://static.example/", r -> r.statusCode() == 200 && field(r, "server").equals("v1"));
    eventually(
        "http://dns.example/", r -> r.statusCode() == 200 && field(r, "server").equals("v2"));
    assertEquals(502, get("http://unknown.example/").statusCode());
  }

  @Test
  void theServersSidecarIsPassed() throws Exception {
    HttpResponse<String> answer = eventually("http://guarded:8000/x", r -> r.statusCode() == 200);
    assertEquals("guarded", field(answer, "server"));
    String stats =
        Program.get(
            "http://127.0.0.1:"
                + mesh.serverAdmin
                + "/stats?filter=inbound%7C8000%7C%7C.*upstream_rq_2xx");
    assertTrue(stats.matches("(?s).*upstream_rq_2xx: [1-9].*"), stats);
  }

  @Test
  void gatewaysEndTlsByFiles() throws Exception {
    Issued root = TestPki.root("edge");
    Path keys = Files.createDirectories(mesh.directory.resolve("keys"));
    keep(keys, "server", root.leaf(Leaf.named("server").dns("*.example.com")));
    keep(keys, "client", root.leaf(Leaf.named("client").uri("spiffe://cluster.local/ns/c/sa/c")));
    Files.writeString(keys.resolve("root.pem"), root.certificate());
    gatewayTls(keys, "SIMPLE", "");
    await("TLS is ended", () -> curl(keys, "--http2").startsWith("server: v1"));
    assertTrue(curl(keys, "--http2").endsWith("200 HTTP/2"));
    assertTrue(curl(keys, "--http1.1").endsWith("200 HTTP/1.1"));
    gatewayTls(keys, "MUTUAL", ", caCertificates: " + keys.resolve("root.pem"));
    await("clients without a certificate are refused", () -> curl(keys).endsWith("000 HTTP/0"));
    String answer = curl(keys, "--cert", "client.pem", "--key", "client.key");
    assertTrue(answer.endsWith("200 HTTP/2"), answer);
    assertTrue(
        answer.contains("h.x-forwarded-client-cert: ")
            && answer.contains("spiffe://cluster.local/ns/c/sa/c"),
        answer);
  }

  private static void gatewayTls(Path keys, String mode, String more) throws IOException {
    subsets();
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
            hosts: ["*.example.com"]
            tls: {mode: %s, serverCertificate: %s, privateKey: %s%s}
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: edge}
        spec:
          hosts: [a.example.com]
          gateways: [gw]
          http: [{route: [{destination: {host: echo, subset: v1}}]}]
        """
            .formatted(mode, keys.resolve("server.pem"), keys.resolve("server.key"), more));
  }

  private static void keep(Path keys, String name, Issued issued) throws IOException {
    Files.writeString(keys.resolve(name + ".pem"), issued.chain());
    Files.writeString(keys.resolve(name + ".key"), issued.key());
  }

  /** The body, then status and version; {@code 000 HTTP/0} when there was no connection. */
  private static String curl(Path keys, String... options) throws Exception {
    String host = "a.example.com:" + mesh.gatewayPort;
    List<String> command = new ArrayList<>(List.of("curl", "-s", "--max-time", "10"));
    command.addAll(List.of("-w", "%{http_code} HTTP/%{http_version}", "--cacert", "root.pem"));
    command.addAll(List.of("--resolve", host + ":127.0.0.1", "-H", "host: a.example.com"));
    command.addAll(List.of(options));
    command.add("https://" + host + "/x");
    Process process = new ProcessBuilder(command).directory(keys.toFile()).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return output;
  }

  @Test
  void destinationRulesBeginTlsByFiles() throws Exception {
    Issued root = TestPki.root("origin");
    Path keys = Files.createDirectories(mesh.directory.resolve("origin"));
    keep(keys, "client", root.leaf(Leaf.named("client").dns("client.example")));
    Files.writeString(keys.resolve("root.pem"), root.certificate());
    HttpsServer origin =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    SSLContext context = root.leaf(Leaf.named("origin").dns("secure.example")).context(root);
    origin.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(HttpsParameters parameters) {
            SSLParameters wanted = context.getDefaultSSLParameters();
            wanted.setWantClientAuth(true);
            parameters.setSSLParameters(wanted);
          }
        });
    origin.createContext(
        "/",
        exchange -> {
          String peer;
          try {
            peer = ((HttpsExchange) exchange).getSSLSession().getPeerPrincipal().getName();
          } catch (SSLPeerUnverifiedException e) {
            peer = "nobody";
          }
          byte[] body = peer.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    origin.start();
    try {
      String roots = "caCertificates: " + keys.resolve("root.pem") + ", sni: secure.example";
      originate(origin, "{mode: SIMPLE, " + roots + "}");
      eventually("http://secure.example/", r -> r.body().equals("nobody"));
      originate(
          origin,
          "{mode: MUTUAL, "
              + roots
              + ", subjectAltNames: [secure.example], clientCertificate: "
              + keys.resolve("client.pem")
              + ", privateKey: "
              + keys.resolve("client.key")
              + "}");
      eventually("http://secure.example/", r -> r.body().equals("CN=client,O=example"));
      originate(origin, "{mode: SIMPLE, " + roots + ", subjectAltNames: [other.example]}");
      eventually("http://secure.example/", r -> r.statusCode() == 503);
    } finally {
      origin.stop(0);
    }
  }

  private static void originate(HttpsServer origin, String tls) throws IOException {
    mesh.write(
        "origin.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: secure}
        spec:
          hosts: [secure.example]
          ports: [{number: 80, name: http, protocol: HTTP}]
          resolution: STATIC
          endpoints: [{address: 127.0.0.1, ports: {http: %d}}]
        ---
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: secure}
        spec: {host: secure.example, trafficPolicy: {tls: %s}}
        """
            .formatted(origin.getAddress().getPort(), tls));
  }

  @Test
  void bytesPassOverTcp() throws Exception {
    byte[] sent = new byte[1 << 20];
    new Random(1).nextBytes(sent);
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), mesh.tcpPort)) {
      socket.setSoTimeout(20_000);
      byte[] banner = socket.getInputStream().readNBytes(TcpEcho.BANNER.length());
      assertEquals(TcpEcho.BANNER, new String(banner, StandardCharsets.US_ASCII));
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      socket.getOutputStream().write(sent);
                      socket.shutdownOutput();
                    } catch (IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                  });
      assertArrayEquals(sent, socket.getInputStream().readAllBytes());
      writer.join();
    }
  }

  @Test
  void bodiesPassBothWays() throws Exception {
    byte[] body = new byte[300_000];
    HttpResponse<String> fixed =
        send(
            client,
            request("http://echo:8000/")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build());
    assertEquals("300000", field(fixed, "body"));
    HttpResponse<String> chunked =
        send(
            client,
            request("http://echo:8000/")
                .POST(
                    HttpRequest.BodyPublishers.ofInputStream(
                        () -> new java.io.ByteArrayInputStream(body)))
                .build());
    assertEquals("300000", field(chunked, "body"));
    HttpResponse<String> head =
        send(
            client,
            request("http://echo:8000/")
                .method("HEAD", HttpRequest.BodyPublishers.noBody())
                .build());
    assertEquals(200, head.statusCode());
    assertEquals("", head.body());
    assertEquals(204, get("http://echo:8000/status/204").statusCode());
    assertEquals(404, get("http://echo:8000/status/404").statusCode());
  }

  @Test
  void changesLoseNoRequest() throws Exception {
    subsets();
    AtomicBoolean run = new AtomicBoolean(true);
    AtomicInteger sent = new AtomicInteger();
    List<String> failures = java.util.Collections.synchronizedList(new ArrayList<>());
    List<Thread> load = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      load.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (run.get()) {
                      try {
                        HttpResponse<String> answer = get("http://echo:8000/");
                        sent.incrementAndGet();
                        if (answer.statusCode() != 200) {
                          failures.add(answer.statusCode() + " " + answer.body());
                        }
                      } catch (Exception e) {
                        failures.add(e.toString());
                      }
                    }
                  }));
    }
    for (int round = 0; round < 6; round++) {
      String subset = round % 2 == 0 ? "v2" : "v1";
      String rule = "round-" + round;
      virtualService(
          """
            - route: [{destination: {host: echo, subset: %s}}]
              headers: {response: {set: {x-rule: %s}}}
          """
              .formatted(subset, rule));
      eventually("http://echo:8000/", rule(rule));
      assertRule(rule, subset, get("http://echo:8000/"));
    }
    mesh.reset();
    eventually("http://echo:8000/", r -> r.headers().firstValue("x-rule").isEmpty());
    run.set(false);
    for (Thread thread : load) {
      thread.join();
    }
    assertEquals(List.of(), failures);
    assertTrue(sent.get() > 50, () -> "only " + sent + " requests were sent");
  }

  @Test
  void aBrokenFileKeepsTheLastGoodRules() throws Exception {
    virtualService(
        """
          - directResponse: {status: 207}
        """);
    eventually("http://echo:8000/", r -> r.statusCode() == 207);
    mesh.write(
        "rules.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: echo}
        spec:
          hosts: [echo]
          http:
          - route: [{destination: {host: echo}, weight: -5}]
        """);
    await("the mistake is said", () -> mesh.discovery.output().contains("rules.yaml:7"));
    assertTrue(
        mesh.discovery.output().contains("spec.http[0].route[0].weight"), mesh.discovery::output);
    assertEquals(207, get("http://echo:8000/").statusCode());
  }

  private static void subsets() throws IOException {
    mesh.write(
        "subsets.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: echo}
        spec:
          host: echo
          subsets:
          - {name: v1, labels: {version: v1}}
          - {name: v2, labels: {version: v2}}
        """);
  }

  private static void virtualService(String http) throws IOException {
    mesh.write(
        "rules.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: echo}
        spec:
          hosts: [echo]
          http:
        """
            + http);
  }

  private static Predicate<HttpResponse<String>> rule(String name) {
    return r -> r.headers().firstValue("x-rule").orElse("").equals(name);
  }

  private static void assertRule(String rule, String server, HttpResponse<String> answer) {
    assertEquals(rule, answer.headers().firstValue("x-rule").orElse(""), answer::body);
    assertEquals(server, field(answer, "server"), answer::body);
  }

  /** A line of the echo server's answer, empty when absent. */
  private static String field(HttpResponse<String> answer, String name) {
    return answer
        .body()
        .lines()
        .filter(l -> l.startsWith(name + ": "))
        .map(l -> l.substring(name.length() + 2))
        .findFirst()
        .orElse("");
  }

  private static Map<String, Integer> shares(String url, int count) throws Exception {
    Map<String, Integer> shares = new HashMap<>();
    for (int i = 0; i < count; i++) {
      HttpResponse<String> answer = get(url);
      assertEquals(200, answer.statusCode(), answer::body);
      shares.merge(field(answer, "server"), 1, Integer::sum);
    }
    return shares;
  }

  private static HttpResponse<String> eventually(
      String url, Predicate<HttpResponse<String>> condition) throws Exception {
    List<HttpResponse<String>> last = new ArrayList<>();
    await(
        url + " answers as expected; last answer: " + last,
        () -> {
          HttpResponse<String> answer = get(url);
          last.clear();
          last.add(answer);
          return condition.test(answer);
        });
    return last.getFirst();
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(String what, Condition condition) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    Exception last = null;
    while (System.nanoTime() < end) {
      try {
        if (condition.holds()) {
          return;
        }
      } catch (IOException e) {
        last = e;
      }
      Thread.sleep(20);
    }
    throw new AssertionError("not within 20 s: " + what + "\n" + mesh.discovery.output(), last);
  }

  private static HttpResponse<String> get(String url, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = request(url);
    if (headers.length > 0) {
      request.headers(headers);
    }
    return send(client, request.build());
  }

  private static HttpRequest.Builder request(String url) {
    return HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(20));
  }

  private static HttpResponse<String> send(HttpClient http, HttpRequest request)
      throws IOException, InterruptedException {
    return http.send(request, HttpResponse.BodyHandlers.ofString());
  }
}
