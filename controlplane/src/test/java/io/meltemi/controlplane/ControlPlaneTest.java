package io.meltemi.controlplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.net.HostPort;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.config.Kinds;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.source.FileSource;
import io.meltemi.config.source.FileSourceSettings;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.xds.client.XdsClientSettings.Variant;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole control plane on files, real sockets and real time. */
class ControlPlaneTest {
  private static final String NAME = "control-plane-test";
  private static final HostPort ANY = new HostPort("127.0.0.1", 0);
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path directory = Path.of("");
  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private final HttpClient http = HttpClient.newHttpClient();
  private final ConfigStore store = new ConfigStore();

  @BeforeEach
  void files() throws IOException {
    Files.writeString(
        directory.resolve("service.yaml"),
        """
        apiVersion: v1
        kind: Service
        metadata: {name: reviews, namespace: default}
        spec:
          clusterIP: 10.1.0.1
          ports: [{name: http, port: 9080}]
        """);
    Files.writeString(
        directory.resolve("mesh.txt"),
        """
        outboundTrafficPolicy: {mode: REGISTRY_ONLY}
        """);
    routeTo("1s");
  }

  private void routeTo(String timeout) throws IOException {
    Path next = directory.resolve("route.tmp");
    Files.writeString(
        next,
        """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: reviews, namespace: default}
        spec:
          hosts: [reviews]
          http:
          - timeout: %s
            route:
            - destination: {host: reviews}
        """
            .formatted(timeout));
    Files.move(
        next,
        directory.resolve("route.yaml"),
        java.nio.file.StandardCopyOption.ATOMIC_MOVE,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
  }

  @AfterEach
  void stop() {
    thread.shutdownNow();
    http.close();
  }

  private ControlPlane start(HostPort grpc, String inProcessName) throws IOException {
    return ControlPlane.start(
        ControlPlaneSettings.DEFAULT
            .withListen(
                new ControlPlaneSettings.Listen(
                    Optional.of(grpc), Optional.of(ANY), Optional.of(ANY), inProcessName))
            .withMeshConfigFile(directory.resolve("mesh.txt"))
            .withVersion("1.2.3"),
        store,
        List.of(
            new FileSource(
                FileSourceSettings.topLevel(directory),
                new ResourceDecoder(Kinds.ALL),
                Ticker.system())));
  }

  private HttpResponse<String> get(HostPort address, String path) {
    try {
      return http.send(
          HttpRequest.newBuilder(URI.create("http://" + address + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, what);
      Thread.sleep(20);
    }
  }

  @Test
  void editedFileReachesTheProxyAndItsRefusalIsShownWithTheFile() throws Exception {
    try (ControlPlane controlPlane = start(ANY, NAME);
        TestProxy proxy = new TestProxy(NAME, TaskLoop.on(thread), Variant.DELTA)) {
      HostPort debug = controlPlane.httpAddress().orElseThrow();
      assertEquals(200, get(debug, "/ready").statusCode());
      await("the first routes", () -> proxy.log.contains("rds +9080"));
      assertTrue(get(debug, "/debug/mesh").body().contains("REGISTRY_ONLY"), "mesh file is read");

      proxy.drain();
      proxy.refused.add("9080");
      routeTo("2s");
      await("the edited route", () -> proxy.log.contains("rds +9080"));
      await(
          "the refusal", () -> get(debug, "/debug/syncz").body().contains("9080: not to my taste"));
      String syncz = get(debug, "/debug/syncz").body();
      assertTrue(syncz.contains("route.yaml:1"), syncz);
      assertTrue(syncz.contains("\"proxy\": \"caller.default\""), syncz);
      assertTrue(get(debug, "/debug/push_status").body().contains("not to my taste"));

      HostPort monitoring = controlPlane.monitoringAddress().orElseThrow();
      String metrics = get(monitoring, "/metrics").body();
      assertTrue(metrics.contains("pilot_total_xds_rejects_total{type=\"rds\"} 1"), metrics);
      assertTrue(metrics.contains("pilot_xds_rds_reject"), metrics);
      assertTrue(metrics.contains("pilot_xds{version=\"1.2.3\"} 1"), metrics);
      assertTrue(metrics.contains("pilot_virt_services 1"), metrics);
      assertTrue(get(monitoring, "/version").body().startsWith("1.2.3-"));
    }
  }

  @Test
  void debugPagesShowTheState() throws Exception {
    try (ControlPlane controlPlane = start(ANY, NAME);
        TestProxy proxy = new TestProxy(NAME, TaskLoop.on(thread), Variant.STATE_OF_THE_WORLD)) {
      HostPort debug = controlPlane.httpAddress().orElseThrow();
      await("the first routes", () -> proxy.log.contains("rds +9080"));
      assertTrue(
          get(debug, "/debug/registryz").body().contains("reviews.default.svc.cluster.local"));
      assertTrue(get(debug, "/debug/configz").body().contains("\"kind\": \"VirtualService\""));
      assertTrue(get(debug, "/debug/adsz").body().contains("\"totalClients\": 1"));
      String dump = get(debug, "/debug/config_dump?proxyID=caller.default").body();
      assertTrue(dump.contains("envoy.admin.v3.ClustersConfigDump"), dump);
      assertTrue(dump.contains("envoy.admin.v3.RoutesConfigDump"), dump);
      assertEquals(404, get(debug, "/debug/config_dump?proxyID=nobody").statusCode());
      assertEquals(400, get(debug, "/debug/config_dump").statusCode());
      assertEquals(404, get(debug, "/debug/nothing").statusCode());
      assertTrue(get(debug, "/debug").body().contains("/debug/problemz"));

      Files.writeString(directory.resolve("bad.yaml"), "kind: VirtualService\nspec: [\n");
      await("the problem", () -> get(debug, "/debug/problemz").body().contains("bad.yaml"));
    }
  }

  @Test
  void takenAddressIsNamedAndNothingIsLeftRunning() throws Exception {
    try (ControlPlane first = start(ANY, NAME)) {
      HostPort taken = first.grpcAddress().orElseThrow();
      IOException failure = assertThrows(IOException.class, () -> start(taken, "").close());
      assertTrue(failure.toString().contains(":" + taken.port()), failure::toString);
    }
  }
}
