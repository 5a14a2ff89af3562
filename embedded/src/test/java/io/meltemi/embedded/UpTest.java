package io.meltemi.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.embedded.address.PodAddresses;
import io.meltemi.embedded.address.PortProbe;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole mesh: control plane, gateway, two sidecars, two programs, files that change. */
class UpTest {
  private static final String APP =
      """
      import com.sun.net.httpserver.HttpServer;
      public class App {
        public static void main(String[] a) throws Exception {
          var server = HttpServer.create(new java.net.InetSocketAddress("127.0.0.1",
              Integer.parseInt(System.getenv("PORT"))), 0);
          server.createContext("/", exchange -> {
            byte[] body = System.getenv("TAG").getBytes();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
          });
          server.start();
        }
      }
      """;
  private static final String DEPLOYMENT =
      """
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: shop-VERSION}
      spec:
        selector: {matchLabels: {app: shop, version: VERSION}}
        template:
          metadata: {labels: {app: shop, version: VERSION}}
          spec:
            containers:
            - {name: shop, image: 'shop:VERSION', ports: [{containerPort: 8000}]}
      """;
  private static final String REST =
      """
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: shop}
      spec: {selector: {app: shop}, ports: [{name: http, port: 80, targetPort: 8000}]}
      ---
      apiVersion: networking.istio.io/v1
      kind: DestinationRule
      metadata: {name: shop}
      spec:
        host: shop
        subsets:
        - {name: v1, labels: {version: v1}}
        - {name: v2, labels: {version: v2}}
      ---
      apiVersion: networking.istio.io/v1
      kind: Gateway
      metadata: {name: edge}
      spec:
        selector: {istio: ingressgateway}
        servers: [{port: {number: PORT, name: http, protocol: HTTP}, hosts: ['*']}]
      """;
  private static final String ROUTE =
      """
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: shop}
      spec:
        hosts: ['*']
        gateways: [edge]
        http:
        - match: [{uri: {exact: /shop}}]
          route: [{destination: {host: shop, subset: SUBSET}}]
      """;
  private static final int WAIT_SECONDS = 60;

  private final StringWriter printed = new StringWriter();
  private final int port = new PodAddresses(PortProbe.binding()).allocatePort();
  @TempDir private Path directory = Path.of("");
  @TempDir private Path state = Path.of("");
  private CompletableFuture<Integer> running = new CompletableFuture<>();
  private Up up = up();

  @BeforeEach
  void start() throws IOException {
    Files.writeString(directory.resolve("App.java"), APP);
    Files.writeString(
        directory.resolve("meltemi.yaml"),
        "images: {shop: {command: ['${java}', '${dir}/App.java'], env: {TAG: '${tag}'}}}");
    Files.writeString(
        directory.resolve("shop.yaml"),
        DEPLOYMENT.replace("VERSION", "v1")
            + DEPLOYMENT.replace("VERSION", "v2")
            + REST.replace("PORT", String.valueOf(port)));
    route("v1");
    up = up();
    running =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return up.run();
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            },
            task -> Thread.ofPlatform().daemon().start(task));
  }

  private Up up() {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    return new Up(
        new UpSettings(directory, directory, java, state, "test", false),
        new PrintWriter(printed),
        false);
  }

  @AfterEach
  void stop() throws Exception {
    up.stop();
    assertEquals(0, running.get(WAIT_SECONDS, TimeUnit.SECONDS), printed::toString);
    assertEquals(
        0,
        ProcessHandle.current().children().filter(child -> isOurs(child)).count(),
        "children are left");
  }

  private boolean isOurs(ProcessHandle child) {
    return child.info().commandLine().orElse("").contains(directory.toString());
  }

  @Test
  void filesThatChangeMoveTrafficAndBrokenOnesDoNot() throws Exception {
    await(() -> get().equals("v1"));
    await(() -> printed.toString().contains("Ctrl-C stops"));
    assertTrue(
        printed.toString().contains("http://localhost:" + port + "/shop"), printed::toString);
    route("v2");
    await(() -> get().equals("v2"));
    Files.writeString(directory.resolve("route.yaml"), "kind: [");
    await(() -> printed.toString().contains("route.yaml:1:8"));
    assertEquals("v2", get());
    route("v1");
    await(() -> get().equals("v1"));
    assertTrue(printed.toString().contains("mended"), printed::toString);
    Files.delete(directory.resolve("route.yaml"));
    await(() -> get().equals("404"));
  }

  private void route(String subset) throws IOException {
    Files.writeString(directory.resolve("route.yaml"), ROUTE.replace("SUBSET", subset));
  }

  /** The body, or the status when it is not 200, or nothing when there is no answer. */
  private String get() {
    try {
      HttpURLConnection connection =
          (HttpURLConnection)
              URI.create("http://127.0.0.1:" + port + "/shop").toURL().openConnection();
      connection.setReadTimeout(5000);
      int status = connection.getResponseCode();
      return status == 200
          ? new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
          : String.valueOf(status);
    } catch (IOException _) {
      // not yet
      return "";
    }
  }

  private void await(Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
    while (!condition.call()) {
      assertTrue(System.nanoTime() < end, () -> "waited too long; printed: " + printed);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }
}
