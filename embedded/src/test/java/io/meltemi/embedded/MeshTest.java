package io.meltemi.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.deployment.Deployment;
import io.meltemi.config.kind.endpointslice.EndpointSlice;
import io.meltemi.config.kind.pod.PodSpec;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.embedded.address.PodAddresses;
import io.meltemi.embedded.address.PortProbe;
import io.meltemi.embedded.console.Console;
import io.meltemi.embedded.image.ImageRule;
import io.meltemi.embedded.image.ImageTable;
import io.meltemi.embedded.process.ChildRegister;
import io.meltemi.embedded.sidecar.Fleet;
import io.meltemi.embedded.sidecar.SidecarSpec;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real child processes, proxies that only claim to run. */
class MeshTest {
  private static final String APP =
      """
      public class App {
        public static void main(String[] a) throws Exception {
          new java.net.ServerSocket(Integer.parseInt(System.getenv("PORT")), 1,
              java.net.InetAddress.getByName("127.0.0.1"));
          System.out.println(System.getenv());
          Thread.sleep(60000);
        }
      }
      """;
  private static final int WAIT_SECONDS = 30;

  private final ConfigStore store = new ConfigStore();
  private final FakeFleet fleet = new FakeFleet();
  private final StringWriter printed = new StringWriter();
  private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
  @TempDir private Path directory = Path.of("");
  private Mesh mesh = mesh();

  @BeforeEach
  void createMesh() throws Exception {
    Files.writeString(directory.resolve("App.java"), APP);
    mesh = mesh();
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    ImageRule rule =
        new ImageRule(
            "shop",
            List.of(java.toString(), "-XX:TieredStopAtLevel=1", "${dir}/App.java"),
            Map.of("TAG", "${tag}"),
            "",
            Map.of(),
            Origin.BUILT_IN);
    on(
        () -> {
          mesh.useImages(new ImageTable(List.of(rule)));
          return true;
        });
  }

  private Mesh mesh() {
    return new Mesh(
        new MeshContext(
            directory,
            directory,
            Path.of("java"),
            directory,
            new HostPort("127.0.0.1", 15010),
            "cluster.local"),
        store,
        fleet,
        new Console(new PrintWriter(printed), false),
        scheduler,
        Ticker.system(),
        new ChildRegister(directory.resolve("children")),
        PortProbe.binding(),
        new PodAddresses(PortProbe.binding()));
  }

  @AfterEach
  void stop() throws Exception {
    CompletableFuture<Void> stopped = on(() -> mesh.stop());
    stopped.get(WAIT_SECONDS, TimeUnit.SECONDS);
    scheduler.shutdownNow();
    assertTrue(scheduler.awaitTermination(WAIT_SECONDS, TimeUnit.SECONDS));
  }

  @Test
  void podIsAnEndpointOnlyWhileProgramAndProxyAreReady() throws Exception {
    deploy(1, "shop:v1");
    await(() -> !mesh.pods().isEmpty() && !onlyPod().readyProcesses.isEmpty());
    assertFalse(ready(), "the proxy is not ready yet");
    fleet.readyAll();
    await(this::ready);
    long pid = onlyPod().processes.getFirst().pid().orElseThrow();
    ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    await(() -> !ready());
    await(() -> printed.toString().contains("ended by signal 9"));
    await(this::ready);
    String log = Files.readString(onlyPod().processes.getFirst().spec().log());
    assertTrue(log.contains("TAG=v1") && log.contains("HTTP_PROXY=http://"), log);
  }

  @Test
  void changedDeploymentGoesOnWithTheOldPodUntilTheNewOneIsReady() throws Exception {
    deploy(1, "shop:v1");
    fleet.readyAll();
    await(this::ready);
    MeshPod old = onlyPod();
    deploy(1, "shop:v2");
    await(() -> mesh.pods().size() == 2);
    assertFalse(old.retiring);
    fleet.readyAll();
    await(() -> mesh.pods().size() == 1 && onlyPod() != old);
    assertTrue(ready());
    assertTrue(old.processes.getFirst().pid().isEmpty());
  }

  @Test
  void fewerReplicasAndARemovedDeploymentEndTheirPods() throws Exception {
    deploy(2, "shop:v1");
    fleet.readyAll();
    await(() -> mesh.pods().stream().filter(MeshPod::isReady).count() == 2);
    deploy(1, "shop:v1");
    await(() -> mesh.pods().size() == 1);
    on(
        () -> {
          store.replace("app.yaml", List.of());
          mesh.reconcile();
          return true;
        });
    await(() -> mesh.pods().isEmpty());
    assertEquals(List.of(), store.snapshot().list(Kinds.POD));
    assertEquals(2, fleet.closed.get());
  }

  @Test
  void newTcpServiceGetsABindOnRunningProxies() throws Exception {
    deploy(1, "shop:v1");
    fleet.readyAll();
    await(this::ready);
    store.replace("tcp.yaml", List.of(service("db", "tcp", 3306)));
    on(
        () -> {
          mesh.reconcile();
          return true;
        });
    await(() -> fleet.specs.size() == 2);
    HostPort service = new HostPort("db.default.svc.cluster.local", 3306);
    assertTrue(fleet.specs.getLast().placement().outbound().containsKey(service));
    assertTrue(printed.toString().contains("db.default.svc.cluster.local:3306 is at"));
  }

  @Test
  void imageWithoutCommandIsSaidOnceWithItsPlace() throws Exception {
    deploy(1, "other:v1");
    deploy(1, "other:v1");
    assertEquals(2, printed.toString().split("other:v1 has no command", -1).length);
    assertTrue(printed.toString().contains("app.yaml:3"), printed.toString());
  }

  private boolean ready() {
    List<Resource<EndpointSlice>> slices = store.snapshot().list(Kinds.ENDPOINT_SLICE);
    return !slices.isEmpty()
        && slices.stream()
            .flatMap(slice -> slice.spec().endpoints().stream())
            .anyMatch(endpoint -> endpoint.conditions().ready());
  }

  private MeshPod onlyPod() {
    return mesh.pods().iterator().next();
  }

  private void deploy(int replicas, String image) throws Exception {
    Labels labels = Labels.of(Map.of("app", "shop"));
    PodSpec.Container container =
        new PodSpec.Container(
            "shop",
            image,
            List.of(),
            List.of(),
            Map.of(),
            List.of(new PodSpec.ContainerPort("http", 9080, "TCP")),
            Optional.empty());
    PodSpec spec = new PodSpec(List.of(container), List.of(), "default", "", "", "", false);
    Deployment deployment =
        new Deployment(replicas, labels, new Deployment.Template(labels, Map.of(), spec));
    on(
        () -> {
          store.replace(
              "app.yaml",
              List.of(
                  resource(Kinds.DEPLOYMENT, "shop", deployment), service("shop", "http", 9080)));
          mesh.reconcile();
          return true;
        });
  }

  private static Resource<Service> service(String name, String portName, int port) {
    Service service =
        new Service(
            Service.Type.CLUSTER_IP,
            List.of(),
            "",
            Labels.of(Map.of("app", name)),
            List.of(
                new Service.Port(
                    portName, port, new Service.TargetPort.ByNumber(port), "TCP", "", 0)),
            new Service.Traffic(false, false, false, ""),
            new Service.External(List.of(), List.of()));
    return resource(Kinds.SERVICE, name, service);
  }

  private static <T> Resource<T> resource(ResourceKind<T> kind, String name, T spec) {
    return new Resource<>(kind, Metadata.of("default", name), spec, new Origin("app.yaml", 3, 1));
  }

  private <T> T on(Callable<T> action) throws Exception {
    return scheduler.submit(action).get(WAIT_SECONDS, TimeUnit.SECONDS);
  }

  private void await(Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
    while (!on(condition)) {
      assertTrue(System.nanoTime() < end, () -> "waited too long; printed: " + printed);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private static final class FakeFleet implements Fleet {
    final List<SidecarSpec> specs = new ArrayList<>();
    private final List<CompletableFuture<Void>> ready = new ArrayList<>();
    final AtomicInteger closed = new AtomicInteger();

    @Override
    public synchronized Sidecar start(SidecarSpec spec) {
      specs.add(spec);
      CompletableFuture<Void> mine = new CompletableFuture<>();
      ready.add(mine);
      return new Sidecar() {
        @Override
        public CompletableFuture<Void> ready() {
          return mine;
        }

        @Override
        public void update(SidecarSpec other) {
          specs.add(other);
        }

        @Override
        public CompletableFuture<Void> close() {
          closed.incrementAndGet();
          return CompletableFuture.completedFuture(null);
        }
      };
    }

    synchronized void readyAll() {
      ready.forEach(one -> one.complete(null));
    }

    @Override
    public void close() {
      readyAll();
    }
  }
}
