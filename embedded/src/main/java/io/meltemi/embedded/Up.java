package io.meltemi.embedded;

import io.meltemi.common.net.HostPort;
import io.meltemi.common.time.Ticker;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.source.FileSource;
import io.meltemi.config.source.FileSourceSettings;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.controlplane.ControlPlane;
import io.meltemi.controlplane.ControlPlaneSettings;
import io.meltemi.controlplane.gatewayapi.GatewayApiConversion;
import io.meltemi.controlplane.push.PushSettings;
import io.meltemi.embedded.address.PodAddresses;
import io.meltemi.embedded.address.PortProbe;
import io.meltemi.embedded.console.Console;
import io.meltemi.embedded.process.ChildRegister;
import io.meltemi.embedded.sidecar.Fleet;
import io.meltemi.embedded.workload.EntryPoints;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A whole mesh in this JVM: control plane, gateways and sidecars; the workloads are child
 * processes. Runs until the process is asked to end.
 */
public final class Up {
  private static final String DOMAIN = "cluster.local";
  private static final int XDS_PORT = 15_010;
  private static final int MONITORING_PORT = 15_014;
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration REHEARSAL = Duration.ofSeconds(60);
  private static final int REHEARSAL_REQUESTS = 20;
  private static final int STOP_SECONDS = 12;

  /** One person edits one directory: short debouncing. */
  private static final PushSettings PUSH =
      new PushSettings(
          Duration.ofMillis(20),
          Duration.ofMillis(5),
          Duration.ofSeconds(1),
          PushSettings.DEFAULT.answerWaitMax());

  private static final int IMAGE_POLL_MILLIS = 500;

  private final UpSettings settings;
  private final Fleets fleets;
  private final Console console;
  private final String inProcessName = "meltemi-up-" + System.identityHashCode(this);
  private final Ticker ticker = Ticker.system();
  private final PortProbe probe;
  private final PodAddresses addresses;
  private final ScheduledExecutorService scheduler =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("mesh").daemon(true).factory());
  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicInteger exitCode = new AtomicInteger();
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final AtomicReference<Optional<RunLog>> runLog = new AtomicReference<>(Optional.empty());
  private final List<AutoCloseable> parts = new ArrayList<>();

  /**
   * Prepares; {@link #run} does it.
   *
   * @param colored the output is a terminal
   */
  public Up(UpSettings settings, PrintWriter out, boolean colored) {
    this(settings, out, colored, Fleets.IN_PROCESS);
  }

  Up(UpSettings settings, PrintWriter out, boolean colored, Fleets fleets) {
    this.settings = settings;
    this.fleets = fleets;
    probe = settings.rehearse() ? PortProbe.rehearsing() : PortProbe.binding();
    addresses = new PodAddresses(probe);
    console = new Console(out, colored);
  }

  /**
   * Runs until stopped; the exit code.
   *
   * @throws IOException when the state directory cannot be written
   */
  public int run() throws IOException {
    long startNanos = ticker.nanos();
    Path directory = settings.directory();
    if (!Files.isDirectory(directory)) {
      console.line(Console.Event.ERROR, directory + " is not a directory of manifests");
      return 1;
    }
    try (StateDirectory state = StateDirectory.open(settings.stateParent(), directory)) {
      ChildRegister register = new ChildRegister(state.path().resolve("children"));
      int leftovers = register.endLeftovers();
      if (leftovers > 0) {
        console.line(
            Console.Event.NOTE, leftovers + " processes of an earlier run were left; ended them");
      }
      HostPort xds = controlPlaneBind("xDS", XDS_PORT);
      HostPort monitoring = controlPlaneBind("monitoring", MONITORING_PORT);
      ConfigStore store = new ConfigStore();
      RunLog log = RunLog.open(state.path().resolve("meltemi.log"), console);
      parts.add(log::close);
      runLog.set(Optional.of(log));
      AtomicReference<Runnable> onChange = new AtomicReference<>(() -> {});
      StoreReporter reporter = new StoreReporter(console, () -> onChange.get().run());
      store.addListener(reporter);
      parts.add(ControlPlane.start(controlPlane(xds, monitoring), store, List.of(source())));
      reporter.tellChanges();
      Fleet fleet = fleets.start(inProcessName);
      parts.add(fleet);
      console.event(
          Console.Event.READY,
          "control plane",
          "xDS %s, http://%s/debug".formatted(xds, monitoring));
      MeshContext context =
          new MeshContext(directory, settings.root(), settings.java(), state.path(), xds, DOMAIN);
      Mesh mesh =
          new Mesh(context, store, fleet, console, scheduler, ticker, register, probe, addresses);
      Thread hook = new Thread(() -> stop(mesh), "stop");
      Runtime.getRuntime().addShutdownHook(hook);
      follow(store, mesh, onChange);
      Summary summary = new Summary(store, monitoring, state.path(), startNanos);
      scheduler.execute(() -> awaitReady(mesh, summary));
      return await(mesh);
    }
  }

  /** Makes {@link #run} end; any thread. */
  public void stop() {
    finish(0);
  }

  private int await(Mesh mesh) {
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    stop(mesh);
    return exitCode.get();
  }

  /** The usual port, or another when it is taken. */
  private HostPort controlPlaneBind(String what, int port) {
    if (probe.isFree(PodAddresses.LOOPBACK, port)) {
      return new HostPort(PodAddresses.LOOPBACK, port);
    }
    HostPort other = new HostPort(PodAddresses.LOOPBACK, addresses.allocatePort());
    console.line(
        Console.Event.WARNING,
        "%s port %d is taken; the control plane uses %s instead".formatted(what, port, other));
    return other;
  }

  private ControlPlaneSettings controlPlane(HostPort xds, HostPort monitoring) {
    // its own HTTP port, 8080, is the gateway's here
    return ControlPlaneSettings.DEFAULT
        .withListen(
            new ControlPlaneSettings.Listen(
                Optional.of(xds), Optional.empty(), Optional.of(monitoring), inProcessName))
        .withVersion(settings.version())
        .withPush(PUSH);
  }

  private FileSource source() {
    return new FileSource(
        FileSourceSettings.topLevel(settings.directory())
            .including(path -> !path.endsWith(ImageFile.NAME)),
        new ResourceDecoder(Kinds.ALL),
        ticker);
  }

  /** Reconciles now and on each change, changes that come together once. */
  private void follow(ConfigStore store, Mesh mesh, AtomicReference<Runnable> onChange) {
    AtomicBoolean pending = new AtomicBoolean();
    Runnable reconcile =
        () -> {
          if (pending.compareAndSet(false, true)) {
            scheduler.execute(
                () -> {
                  pending.set(false);
                  guarded(mesh::reconcile);
                });
          }
        };
    onChange.set(reconcile);
    ImageFile images = new ImageFile(settings.directory(), console);
    images.poll().ifPresent(mesh::useImages);
    reconcile.run();
    scheduler.scheduleWithFixedDelay(
        () ->
            guarded(
                () ->
                    images
                        .poll()
                        .ifPresent(
                            table -> {
                              console.line(Console.Event.CHANGE, ImageFile.NAME);
                              mesh.useImages(table);
                              mesh.reconcile();
                            })),
        IMAGE_POLL_MILLIS,
        IMAGE_POLL_MILLIS,
        TimeUnit.MILLISECONDS);
    if (store.snapshot().size() == 0) {
      console.line(
          Console.Event.WARNING, settings.directory() + " has no manifests yet; waiting for some");
    }
  }

  /** A failure must not end the schedule, nor pass unseen. */
  private void guarded(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      console.line(Console.Event.ERROR, "this is a bug, please report it: " + e);
      e.printStackTrace();
    }
  }

  // --- readiness -----------------------------------------------------------------------------

  /** What to print once all is ready. */
  private record Summary(ConfigStore store, HostPort monitoring, Path state, long startNanos) {}

  private void awaitReady(Mesh mesh, Summary summary) {
    if (stopping.get()) {
      return;
    }
    long waitedNanos = ticker.nanos() - summary.startNanos();
    if (!mesh.pods().isEmpty() && mesh.isReady()) {
      console.plain("");
      console.plain("Ready in %.1f s.".formatted(waitedNanos / 1e9));
      List<String> urls = print(mesh, summary);
      if (settings.rehearse()) {
        Thread.ofPlatform().daemon().start(() -> rehearse(urls));
      }
      return;
    }
    boolean late = waitedNanos > PATIENCE.toNanos();
    if (settings.rehearse() && waitedNanos > REHEARSAL.toNanos()) {
      finish(1);
    } else if (late && !settings.rehearse()) {
      if (!mesh.pods().isEmpty()) {
        console.plain("");
        console.plain("Not everything is ready yet:");
        mesh.pods().stream()
            .filter(pod -> !pod.isReady())
            .forEach(pod -> console.plain("    " + pod.plan.workload() + ": " + missing(pod)));
        print(mesh, summary);
      }
    } else {
      scheduler.schedule(() -> guarded(() -> awaitReady(mesh, summary)), 10, TimeUnit.MILLISECONDS);
    }
  }

  private static String missing(MeshPod pod) {
    if (!pod.sidecarReady) {
      return "its proxy waits for configuration";
    }
    boolean running = pod.processes.stream().allMatch(process -> process.pid().isPresent());
    return running ? "its program does not accept connections" : "its program does not run";
  }

  private List<String> print(Mesh mesh, Summary summary) {
    ConfigSnapshot snapshot = summary.store().snapshot();
    GatewayApiConversion converted = mesh.gatewayApi();
    List<Resource<Gateway>> gateways = new ArrayList<>(snapshot.list(Kinds.GATEWAY));
    gateways.addAll(converted.gateways());
    List<Resource<VirtualService>> rules = new ArrayList<>(snapshot.list(Kinds.VIRTUAL_SERVICE));
    rules.addAll(converted.virtualServices());
    List<String> urls = EntryPoints.of(gateways, rules, mesh.gatewayBinds());
    console.plain("");
    if (!urls.isEmpty()) {
      console.plain("Try");
      urls.forEach(url -> console.plain("    " + url));
    }
    console.plain("Look at");
    console.plain(
        "    %-42s what the control plane knows and has sent"
            .formatted("http://" + summary.monitoring() + "/debug/syncz"));
    mesh.pods().stream()
        .filter(pod -> !pod.isGateway())
        .findFirst()
        .ifPresent(
            pod ->
                console.plain(
                    "    %-42s the proxy of %s; each pod has its own"
                        .formatted("http://" + pod.admin() + "/config_dump", pod.plan.workload())));
    console.plain("    %-42s what the programs print".formatted(summary.state().resolve("*.log")));
    mesh.pods().stream()
        .filter(pod -> !pod.sidecarSpec.placement().outbound().isEmpty())
        .findFirst()
        .ifPresent(
            pod -> {
              console.plain("TCP services, as seen by " + pod.plan.workload());
              pod.sidecarSpec
                  .placement()
                  .outbound()
                  .forEach((service, bind) -> console.plain("    " + service + " at " + bind));
            });
    console.plain("");
    console.plain("Ctrl-C stops everything.");
    return urls;
  }

  private void rehearse(List<String> urls) {
    int failures = 0;
    String first = urls.stream().filter(url -> url.startsWith("http")).findFirst().orElse("");
    for (int i = 0; i < REHEARSAL_REQUESTS && !first.isEmpty(); i++) {
      failures += answers(first) ? 0 : 1;
    }
    finish(failures == REHEARSAL_REQUESTS ? 1 : 0);
  }

  private static boolean answers(String url) {
    try {
      HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
      connection.setReadTimeout((int) REHEARSAL.toMillis());
      try (InputStream in = connection.getInputStream()) {
        in.readAllBytes();
      }
      return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
    } catch (IOException _) {
      // counted
      return false;
    }
  }

  // --- end -----------------------------------------------------------------------------------

  private void finish(int code) {
    exitCode.set(code);
    ended.countDown();
  }

  /** Ends everything, once; from the shutdown hook or the main thread. */
  private void stop(Mesh mesh) {
    if (!stopping.compareAndSet(false, true)) {
      return;
    }
    runLog.get().ifPresent(RunLog::tellNothing);
    console.plain("");
    console.line(Console.Event.STOP, "ending all programs and proxies");
    try {
      scheduler
          .submit(mesh::stop)
          .get(STOP_SECONDS, TimeUnit.SECONDS)
          .get(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      console.line(Console.Event.WARNING, "not everything ended in time; forcing it: " + e);
    }
    mesh.destroyProcesses();
    for (AutoCloseable part : parts.reversed()) {
      try {
        part.close();
      } catch (Exception e) {
        console.line(Console.Event.WARNING, "while stopping: " + e);
      }
    }
    scheduler.shutdownNow();
  }
}
