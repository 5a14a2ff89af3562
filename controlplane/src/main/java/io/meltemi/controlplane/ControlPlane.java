package io.meltemi.controlplane;

import io.grpc.Server;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.resource.ResourceSource;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.debug.DebugPages;
import io.meltemi.controlplane.debug.DebugServer;
import io.meltemi.controlplane.debug.PilotMetrics;
import io.meltemi.controlplane.push.PushEngine;
import io.meltemi.controlplane.push.WorkloadRegistration;
import io.meltemi.controlplane.push.WorldBuilder;
import io.meltemi.xds.server.DiscoveryServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A running control plane: reads configuration from its sources, keeps every proxy that connects up
 * to date, and tells people what it does.
 */
public final class ControlPlane implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ControlPlane.class.getName());
  private static final long MESH_FILE_POLL_MILLIS = 250;
  private static final long STOP_MILLIS_MAX = 5_000;

  /** Istio's {@code PILOT_WORKLOAD_ENTRY_GRACE_PERIOD}. */
  private static final Duration REGISTRATION_GRACE = Duration.ofSeconds(10);

  private final ConfigStore store;
  private final List<ResourceSource> sources;
  private final ScheduledExecutorService pushThread;
  private final ScheduledExecutorService meshThread;
  private final TaskLoop loop;
  private final MeshSettings mesh;
  private final PushEngine engine;
  private final DiscoveryServer discovery;
  private final List<Server> servers = new ArrayList<>();
  private final List<DebugServer> debugServers = new ArrayList<>();
  private final ConfigStore.Listener listener;
  private final DebugPages pages;
  private @Nullable Server grpc;
  private @Nullable DebugServer http;
  private @Nullable DebugServer monitoring;
  private volatile boolean ready;

  private ControlPlane(
      ControlPlaneSettings settings, ConfigStore store, List<ResourceSource> sources) {
    this.store = store;
    this.sources = List.copyOf(sources);
    this.pushThread = Executors.newSingleThreadScheduledExecutor(daemon("push"));
    this.meshThread = Executors.newSingleThreadScheduledExecutor(daemon("mesh-config"));
    this.loop = TaskLoop.on(pushThread);
    PilotMetrics metrics = new PilotMetrics(settings.version(), Ticker.system());
    this.engine =
        new PushEngine(
            settings.push(),
            loop,
            Ticker.system(),
            new WorldBuilder(settings.domain(), settings.clusterId(), settings.features()),
            Generators.ALL,
            metrics,
            Optional.of(
                new WorkloadRegistration(
                    store, loop, Ticker.system(), REGISTRATION_GRACE, hostName())));
    this.mesh =
        new MeshSettings(settings.meshConfigFile(), settings.rootNamespace(), engine::meshChanged);
    this.discovery =
        new DiscoveryServer(
            settings.discovery(),
            loop,
            Ticker.system(),
            new SplittableRandom(),
            "{\"Component\":\"istiod\",\"ID\":\""
                + hostName()
                + "\",\"Info\":{\"version\":\""
                + settings.version()
                + "\"}}",
            engine);
    metrics.observe(discovery.counters());
    this.listener =
        new ConfigStore.Listener() {
          private Set<Problem> logged = Set.of();

          @Override
          public void changed(List<ConfigChange> changes, ConfigSnapshot snapshot) {
            mesh.read(snapshot);
            metrics.configChanged(changes);
            engine.changed(changes, snapshot);
          }

          @Override
          public void problemsChanged(List<Problem> problems) {
            for (Problem problem : problems) {
              if (!logged.contains(problem)) {
                LOG.log(System.Logger.Level.WARNING, "configuration: {0}", problem);
              }
            }
            logged = Set.copyOf(problems);
          }
        };
    this.pages =
        new DebugPages(
            engine, this::problems, new PushThreadQuestions(loop), settings.version(), metrics);
  }

  /**
   * Reads everything there is, then listens.
   *
   * @param store filled by the sources, and by whoever else has it
   * @param sources are started and closed here
   * @throws IOException naming the address when one is taken
   */
  public static ControlPlane start(
      ControlPlaneSettings settings, ConfigStore store, List<ResourceSource> sources)
      throws IOException {
    ControlPlane controlPlane = new ControlPlane(settings, store, sources);
    try {
      controlPlane.readAll();
      controlPlane.listen(settings);
    } catch (IOException | RuntimeException e) {
      controlPlane.close();
      throw e;
    }
    return controlPlane;
  }

  private void readAll() {
    store.addListener(listener);
    ConfigSnapshot before = store.snapshot();
    mesh.readFile();
    mesh.read(before);
    // What others put into the store before this one listened.
    engine.changed(everything(before), before);
    sources.forEach(source -> source.start(store));
    new PushThreadQuestions(loop)
        .ask(
            () -> {
              engine.buildNow();
              return true;
            });
    if (mesh.hasFile()) {
      meshThread.scheduleWithFixedDelay(
          mesh::readFile, MESH_FILE_POLL_MILLIS, MESH_FILE_POLL_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private static List<ConfigChange> everything(ConfigSnapshot snapshot) {
    List<ConfigChange> changes = new ArrayList<>();
    io.meltemi.config.Kinds.ALL.forEach(
        kind ->
            snapshot
                .list(kind)
                .forEach(
                    resource ->
                        changes.add(
                            new ConfigChange(
                                kind, resource.id(), Optional.empty(), Optional.of(resource)))));
    return changes;
  }

  private void listen(ControlPlaneSettings settings) throws IOException {
    ControlPlaneSettings.Listen listen = settings.listen();
    if (!listen.inProcessName().isEmpty()) {
      Server server =
          InProcessServerBuilder.forName(listen.inProcessName())
              .directExecutor()
              .addService(discovery)
              .build();
      server.start();
      servers.add(server);
    }
    if (listen.grpc().isPresent()) {
      grpc = listenGrpc(settings, socketAddress(listen.grpc().get()));
      servers.add(grpc);
    }
    if (listen.http().isPresent()) {
      http = new DebugServer("http", socketAddress(listen.http().get()), pages);
      debugServers.add(http);
    }
    if (listen.monitoring().isPresent()) {
      monitoring = new DebugServer("monitoring", socketAddress(listen.monitoring().get()), pages);
      debugServers.add(monitoring);
    }
    ready = true;
    pages.setReady();
    LOG.log(
        System.Logger.Level.INFO,
        "ready: {0} resources, gRPC {1}, HTTP {2}, monitoring {3}",
        store.snapshot().size(),
        grpcAddress().map(Object::toString).orElse("off"),
        httpAddress().map(Object::toString).orElse("off"),
        monitoringAddress().map(Object::toString).orElse("off"));
  }

  private Server listenGrpc(ControlPlaneSettings settings, InetSocketAddress address)
      throws IOException {
    try {
      return NettyServerBuilder.forAddress(address)
          .directExecutor()
          .maxInboundMessageSize(settings.requestBytesMax())
          .keepAliveTime(30, TimeUnit.SECONDS)
          .keepAliveTimeout(10, TimeUnit.SECONDS)
          .permitKeepAliveTime(5, TimeUnit.SECONDS)
          .permitKeepAliveWithoutCalls(true)
          .addService(discovery)
          .build()
          .start();
    } catch (IOException e) {
      throw new IOException("gRPC address " + address + " cannot be used: " + cause(e), e);
    }
  }

  private static String cause(Throwable failure) {
    Throwable last = failure;
    while (last.getCause() != null) {
      last = last.getCause();
    }
    return String.valueOf(last.getMessage());
  }

  private static InetSocketAddress socketAddress(HostPort address) {
    return address.host().isEmpty()
        ? new InetSocketAddress(address.port())
        : new InetSocketAddress(address.host(), address.port());
  }

  /** True once the first world is made and every address is taken. */
  public boolean isReady() {
    return ready;
  }

  /** Where xDS is served; empty when it is not. */
  public Optional<HostPort> grpcAddress() {
    return grpc == null
        ? Optional.empty()
        : grpc.getListenSockets().stream()
            .findFirst()
            .map(address -> hostPort((InetSocketAddress) address));
  }

  /** Where readiness and debug are served; empty when they are not. */
  public Optional<HostPort> httpAddress() {
    return Optional.ofNullable(http).map(server -> hostPort(server.address()));
  }

  /** Where metrics are served; empty when they are not. */
  public Optional<HostPort> monitoringAddress() {
    return Optional.ofNullable(monitoring).map(server -> hostPort(server.address()));
  }

  private static HostPort hostPort(InetSocketAddress address) {
    return new HostPort(address.getAddress().getHostAddress(), address.getPort());
  }

  /** What is wrong with the configuration now. */
  public List<Problem> problems() {
    List<Problem> all = new ArrayList<>();
    for (Violation violation : mesh.problems()) {
      all.add(new Problem(Problem.Severity.ERROR, "mesh configuration", violation));
    }
    all.addAll(store.problems());
    all.addAll(engine.problems());
    all.addAll(engine.unaccepted());
    return all;
  }

  /** Ends every stream and thread; proxies go on with what they have. */
  @Override
  public void close() {
    ready = false;
    store.removeListener(listener);
    sources.forEach(ResourceSource::close);
    meshThread.shutdownNow();
    discovery.close();
    for (Server server : servers) {
      server.shutdown();
    }
    debugServers.forEach(DebugServer::close);
    try {
      for (Server server : servers) {
        if (!server.awaitTermination(STOP_MILLIS_MAX / 10, TimeUnit.MILLISECONDS)) {
          server.shutdownNow().awaitTermination(STOP_MILLIS_MAX, TimeUnit.MILLISECONDS);
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    pushThread.shutdownNow();
  }

  private static java.util.concurrent.ThreadFactory daemon(String name) {
    return Thread.ofPlatform().name(name).daemon().factory();
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (java.net.UnknownHostException _) {
      return "localhost";
    }
  }
}
