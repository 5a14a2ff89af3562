package io.meltemi.proxy;

import com.google.protobuf.Struct;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.admin.AdminContext;
import io.meltemi.proxy.admin.AdminServer;
import io.meltemi.proxy.admin.ServerState;
import io.meltemi.proxy.bootstrap.BootstrapConfig;
import io.meltemi.proxy.bootstrap.BootstrapConfig.Source;
import io.meltemi.proxy.bootstrap.BootstrapReader;
import io.meltemi.proxy.cel.CelExpressions;
import io.meltemi.proxy.cluster.ClusterFactory;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.cluster.ClusterParser;
import io.meltemi.proxy.cluster.SystemNameResolver;
import io.meltemi.proxy.http.DiscoveredFilters;
import io.meltemi.proxy.http.HttpFilters;
import io.meltemi.proxy.listener.Listener;
import io.meltemi.proxy.listener.ListenerManager;
import io.meltemi.proxy.listener.ListenerParser;
import io.meltemi.proxy.listener.ListenerSettings;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.Loops;
import io.meltemi.proxy.loop.Workers;
import io.meltemi.proxy.parse.ApiSource;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.route.RouteTableParser;
import io.meltemi.proxy.snapshot.ConfigParsers;
import io.meltemi.proxy.snapshot.DeliveredConfig;
import io.meltemi.proxy.snapshot.PathSource;
import io.meltemi.proxy.snapshot.ProxySnapshot;
import io.meltemi.proxy.snapshot.ResourceTable;
import io.meltemi.proxy.snapshot.RouteTables;
import io.meltemi.proxy.snapshot.SnapshotAssembler;
import io.meltemi.proxy.snapshot.Subscriber;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.accesslog.AccessLogParser;
import io.meltemi.proxy.telemetry.accesslog.LogFiles;
import io.meltemi.proxy.transport.Peers;
import io.meltemi.proxy.transport.Secrets;
import io.meltemi.proxy.transport.TransportSocketParser;
import io.meltemi.proxy.transport.internal.InternalListeners;
import io.meltemi.proxy.upstream.Connector;
import io.meltemi.proxy.upstream.HostProbes;
import io.meltemi.proxy.upstream.SocketConnector;
import io.meltemi.proxy.upstream.UpstreamClient;
import io.meltemi.proxy.upstream.UpstreamPools;
import io.meltemi.xds.client.ConnectionWatcher;
import io.meltemi.xds.client.XdsClient;
import io.meltemi.xds.client.XdsClientSettings;
import io.meltemi.xds.resource.TypeUrl;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One running proxy: event loops, listeners, clusters, the stream to the control plane and the
 * admin server. Several live in one process without knowing of each other. Any thread.
 */
public final class Proxy implements AutoCloseable {
  /** As in {@code /server_info}. */
  static final String VERSION = "0.1.0/1.40.0/Meltemi/RELEASE/Netty";

  private static final System.Logger LOG = System.getLogger(Proxy.class.getName());
  private static final long LOG_FLUSH_NANOS = 1_000_000_000L;
  private static final Map<String, String> NETTY =
      Map.of(
          "io.netty.allocator.type", "pooled",
          "io.netty.allocator.maxOrder", "7",
          "io.netty.allocator.numHeapArenas", "1",
          // its events of the flight recorder cannot be kept in a class cache
          "io.netty.jfr.enabled", "false");
  private static final Duration DRAIN_POLL = Duration.ofMillis(20);

  private final ProxyEnvironment environment;
  private final ProxySettings settings;
  private final BootstrapDocument document;
  private final BootstrapConfig bootstrap;
  private final Origin origin;
  private final Stats stats = new Stats();
  private final Workers workers;
  private final GrpcChannels channels;
  private final ScheduledExecutorService configExecutor;
  private final TaskLoop configLoop;
  private final ClusterManager clusters = new ClusterManager();
  private final ResourceTable resources = new ResourceTable();

  /** What asks others for configuration: nothing may answer before the assembler knows to wait. */
  private final List<Runnable> afterLoading = new ArrayList<>();

  private final LogFiles logFiles;
  private final Secrets secrets = new Secrets();
  private final SystemNameResolver resolver = new SystemNameResolver();
  private final ListenerManager listeners;
  private final SnapshotAssembler assembler;
  private final UpstreamPools pools;
  private final Loops loops;
  private final ConfigFiles files;
  private final List<AutoCloseable> sources = new CopyOnWriteArrayList<>();
  private final long startNanos;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();
  private volatile boolean live;
  private volatile boolean failing;
  private volatile boolean draining;
  private volatile boolean closed;
  private @Nullable AdminServer admin;
  private @Nullable ManagedChannel ownChannel;
  private @Nullable XdsClient adsClient;

  private Proxy(
      ProxySettings settings,
      ProxyEnvironment environment,
      BootstrapReader reader,
      BootstrapDocument document) {
    this.document = document;
    this.bootstrap = document.config();
    this.origin = document.origin();
    this.settings = settings;
    this.environment = environment;
    Ticker ticker = environment.ticker();
    startNanos = ticker.nanos();
    int concurrency =
        settings.concurrency() > 0
            ? settings.concurrency()
            : Runtime.getRuntime().availableProcessors();
    workers = environment.workers().orElseGet(() -> Workers.start(concurrency, "worker"));
    channels = new GrpcChannels(bootstrap.clusters(), workers);
    configExecutor =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("config").factory());
    configLoop = TaskLoop.on(configExecutor);
    files = new ConfigFiles(reader, configLoop, LOG);
    logFiles =
        new LogFiles(
            stats, Ticker.system(), LOG_FLUSH_NANOS, environment.stdout(), environment.stderr());
    loops = new Loops(ticker, environment.seed());
    InternalListeners inside = new InternalListeners();
    Connector connector = new SocketConnector(workers.clients(), inside);
    pools = new UpstreamPools(connector);
    Peers peers = Peers.of(bootstrap.node(), stats);
    Supplier<List<LoopContext>> allLoops = () -> workers.loops().stream().map(loops::get).toList();
    CelExpressions expressions = new CelExpressions(ticker, stats);
    AccessLogParser accessLogs =
        Extensions.accessLogs(
            logFiles,
            new UpstreamClient(clusters, pools),
            allLoops,
            bootstrap.node(),
            new Formatter.Sources(ticker, System.getenv()),
            stats,
            expressions);
    Extensions.Shared shared =
        new Extensions.Shared(
            clusters,
            connector,
            pools,
            accessLogs,
            stats,
            peers,
            secrets,
            ticker,
            expressions,
            bootstrap.node(),
            allLoops,
            () -> failing,
            configLoop::execute,
            this::recheck);
    HttpFilters httpFilters = Extensions.httpFilters(shared);
    DiscoveredFilters discovered = new DiscoveredFilters(httpFilters);
    RouteTableParser routeParser = new RouteTableParser(httpFilters, shared.sources());
    SecretFiles secretFiles = new SecretFiles(secrets, files, configLoop);
    sources.add(secretFiles);
    secrets.followFilesWith(secretFiles);
    RouteTables routeTables = new RouteTables();
    TransportSocketParser transportSockets =
        new TransportSocketParser(secrets, environment.tlsEngine(), ticker);
    ListenerParser listenerParser =
        new ListenerParser(
            Extensions.networkFilters(
                shared, httpFilters, discovered, routeParser, routeTables::source),
            Extensions.listenerFilters(),
            accessLogs,
            transportSockets,
            stats);
    listeners =
        new ListenerManager(
            workers,
            loops,
            stats,
            new ListenerSettings(
                settings.drainTime().toNanos(), ListenerSettings.DEFAULT.connectionsMax()),
            inside);
    assembler =
        new SnapshotAssembler(
            new ConfigParsers(
                new ClusterParser(transportSockets, peers, this::eventSink),
                routeParser,
                listenerParser),
            new ClusterFactory(
                Extensions.loadBalancers(),
                resolver,
                new ClusterFactory.Tools(
                    configLoop, ticker, new SplittableRandom(environment.seed())),
                stats,
                new HostProbes(connector, workers.group(), loops)),
            clusters,
            routeTables,
            new DeliveredConfig(
                secrets.remote(),
                discovered,
                new OwnStreams(channels, files, configLoop, bootstrap.node(), environment.seed())),
            listeners,
            resources,
            configLoop,
            ticker,
            stats,
            LOG);
  }

  private Optional<Consumer<String>> eventSink(String path, ParseScope scope) {
    try {
      return Optional.of(logFiles.lines(path));
    } catch (IOException e) {
      scope.error(path, "a file that can be written: " + e);
      return Optional.empty();
    }
  }

  /**
   * Sets up this process as that of one proxy; before anything else is done. Buffers come from a
   * pool of small chunks, whose buffers are used again without garbage, and Netty is loaded beside
   * the reading of the bootstrap. What the command line says of these stays.
   */
  public static void prepareProcess() {
    NETTY.forEach(
        (name, value) -> {
          if (System.getProperty(name) == null) {
            System.setProperty(name, value);
          }
        });
    Thread.ofPlatform().daemon().name("load").start(Workers::load);
  }

  /**
   * Starts a proxy. When this returns, its static listeners accept, unless they wait for names to
   * be resolved; {@link #ready} tells when everything else is there.
   *
   * @throws ProxyStartException with every problem of the bootstrap and its static resources
   */
  public static Proxy start(ProxySettings settings, ProxyEnvironment environment)
      throws ProxyStartException {
    Validation.Collector problems = new Validation.Collector();
    Proxy proxy = make(settings, environment, problems);
    boolean started = false;
    try {
      proxy.begin(problems);
      started = true;
      return proxy;
    } finally {
      if (!started) {
        proxy.close();
      }
    }
  }

  /**
   * Reads a bootstrap and its static resources without serving ({@code --mode validate}).
   *
   * @return every warning
   * @throws ProxyStartException with every problem
   */
  public static List<Violation> validate(ProxySettings settings, ProxyEnvironment environment)
      throws ProxyStartException {
    Validation.Collector problems = new Validation.Collector();
    try (Proxy proxy = make(settings, environment, problems)) {
      Validation<Boolean> checked =
          proxy.assembler.checkStatic(
              proxy.bootstrap.clusters(), proxy.bootstrap.listeners(), proxy.origin);
      proxy.document.tell(checked.errors(), problems);
      checked.warnings().forEach(w -> problems.warn(w.origin(), w.path(), w.found(), w.expected()));
    }
    Validation<Boolean> result = problems.finish(() -> true);
    if (!result.isValid()) {
      throw new ProxyStartException(result.errors());
    }
    return result.warnings();
  }

  /** A proxy that has not begun; problems outside its resources are collected. */
  private static Proxy make(
      ProxySettings settings, ProxyEnvironment environment, Validation.Collector problems) {
    BootstrapReader reader = new BootstrapReader(Extensions.messages());
    BootstrapDocument document = BootstrapDocument.read(settings, reader, problems);
    Proxy proxy = new Proxy(settings, environment, reader, document);
    document.tell(proxy.loadSecrets(), problems);
    return proxy;
  }

  /** What a listener waits for may have come; on the configuration loop. */
  private void recheck() {
    assembler.recheck();
  }

  private List<Violation> loadSecrets() {
    ParseScope scope = ParseScope.root(origin).field("static_resources");
    secrets.load(bootstrap.secrets(), scope);
    assembler.showSecrets(bootstrap.secrets());
    return scope.out().finish(() -> true).errors();
  }

  private void begin(Validation.Collector problems) throws ProxyStartException {
    Subscriber subscriber = connect(problems);
    Source clusterSource = bootstrap.dynamic().clusters();
    Source listenerSource = bootstrap.dynamic().listeners();
    boolean hopeless = problems.hasErrors();
    Validation<Boolean> loaded =
        onConfigLoop(
            () -> {
              if (hopeless) {
                // tells the rest of the problems as well
                return assembler.checkStatic(bootstrap.clusters(), bootstrap.listeners(), origin);
              }
              assembler.begin(
                  subscriber,
                  !(clusterSource instanceof Source.None),
                  !(listenerSource instanceof Source.None));
              return assembler.loadStatic(bootstrap.clusters(), bootstrap.listeners(), origin);
            });
    document.tell(loaded.errors(), problems);
    loaded.warnings().forEach(w -> problems.warn(w.origin(), w.path(), w.found(), w.expected()));
    if (problems.hasErrors()) {
      throw new ProxyStartException(problems.finish(() -> true).errors());
    }
    problems
        .finish(() -> true)
        .warnings()
        .forEach(
            warning ->
                LOG.log(
                    System.Logger.Level.WARNING, document.relocate().apply(warning).toString()));
    addStats();
    startAdmin(problems);
    if (problems.hasErrors()) {
      throw new ProxyStartException(problems.finish(() -> true).errors());
    }
    configLoop.execute(
        () -> {
          afterLoading.forEach(Runnable::run);
          assembler.onInitialized(
              () -> {
                live = true;
                ready.complete(null);
              });
        });
  }

  private <T> T onConfigLoop(Supplier<T> task) {
    CompletableFuture<T> result = new CompletableFuture<>();
    configLoop.execute(
        () -> {
          try {
            result.complete(task.get());
          } catch (RuntimeException e) {
            result.completeExceptionally(e);
          }
        });
    try {
      return result.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while starting", e);
    } catch (java.util.concurrent.TimeoutException e) {
      throw new IllegalStateException("the configuration loop does not answer", e);
    }
  }

  /** Opens the stream to the control plane and the files; without either nobody can be asked. */
  private Subscriber connect(Validation.Collector problems) {
    pathSource(bootstrap.dynamic().clusters(), TypeUrl.CLUSTER, problems);
    pathSource(bootstrap.dynamic().listeners(), TypeUrl.LISTENER, problems);
    if (bootstrap.dynamic().ads().isEmpty()) {
      return Subscriber.NONE;
    }
    ApiSource ads = bootstrap.dynamic().ads().get();
    Optional<Channel> channel = environment.adsChannel().or(() -> dial(ads, problems));
    if (channel.isEmpty() || problems.hasErrors()) {
      return Subscriber.NONE;
    }
    XdsClient client =
        new XdsClient(
            XdsClientSettings.DEFAULT.withVariant(OwnStreams.variant(ads)),
            bootstrap.node(),
            channel.get(),
            configLoop,
            new SplittableRandom(environment.seed()),
            new ConnectionState(stats));
    sources.add(client);
    adsClient = client;
    for (TypeUrl type :
        List.of(
            TypeUrl.CLUSTER,
            TypeUrl.ENDPOINT,
            TypeUrl.LISTENER,
            TypeUrl.ROUTE,
            TypeUrl.SECRET,
            TypeUrl.EXTENSION_CONFIG)) {
      client.watch(type, assembler.watcher(type));
    }
    if (bootstrap.dynamic().clusters() instanceof Source.Aggregated) {
      client.subscribeAll(TypeUrl.CLUSTER);
    }
    if (bootstrap.dynamic().listeners() instanceof Source.Aggregated) {
      afterLoading.add(
          () -> assembler.onClustersInitialized(() -> client.subscribeAll(TypeUrl.LISTENER)));
    }
    afterLoading.add(client::start);
    return new Subscriber() {
      @Override
      public boolean subscribe(TypeUrl type, Collection<String> names) {
        client.subscribe(type, names);
        return true;
      }

      @Override
      public boolean subscribe(TypeUrl type, Collection<String> names, Duration fetchTimeout) {
        client.subscribe(type, names, fetchTimeout);
        return true;
      }

      @Override
      public void unsubscribe(TypeUrl type, Collection<String> names) {
        client.unsubscribe(type, names);
      }
    };
  }

  private void pathSource(Source source, TypeUrl type, Validation.Collector problems) {
    if (!(source instanceof Source.PathSource(String path))) {
      return;
    }
    Path file = Path.of(path);
    if (!Files.isReadable(file)) {
      problems.error(
          origin,
          type.equals(TypeUrl.CLUSTER)
              ? "dynamic_resources.cds_config.path_config_source.path"
              : "dynamic_resources.lds_config.path_config_source.path",
          path,
          "a file that exists");
      return;
    }
    PathSource started = files.open(type, file, assembler.watcher(type));
    sources.add(started);
    afterLoading.add(
        type.equals(TypeUrl.CLUSTER)
            ? started::start
            : () -> assembler.onClustersInitialized(started::start));
  }

  private Optional<Channel> dial(ApiSource ads, Validation.Collector problems) {
    Optional<String> problem = channels.problem(ads.target());
    if (problem.isPresent()) {
      problems.error(
          origin,
          "dynamic_resources.ads_config.grpc_services[0].envoy_grpc.cluster_name",
          problem.get(),
          "a static cluster with an endpoint, in plain text");
      return Optional.empty();
    }
    ownChannel = channels.dial(ads.target());
    return Optional.of(ownChannel);
  }

  private void addStats() {
    stats.addSource(new ServerStats(this::state, this::uptimeNanos, workers.loops().size()));
    stats.addSource(new MembershipStats(clusters));
    stats.gauge("listener_manager.workers_started").set(1);
  }

  private void startAdmin(Validation.Collector problems) {
    if (bootstrap.admin().isEmpty()) {
      return;
    }
    try {
      admin =
          AdminServer.start(
              bootstrap.admin().get(),
              new AdminContext(
                  bootstrap,
                  new AdminContext.Running(resources, clusters, listeners, assembler),
                  stats,
                  new Control(),
                  Extensions::types,
                  environment.ticker()));
      if (settings.adminAddressPath().isPresent()) {
        InetSocketAddress address = admin.address();
        Files.writeString(
            settings.adminAddressPath().get(),
            address.getAddress().getHostAddress() + ":" + address.getPort());
      }
    } catch (IOException e) {
      problems.error(
          Origin.of("bootstrap"),
          "admin.address",
          String.valueOf(e.getMessage()),
          "an address that can be bound");
    }
  }

  private final class Control implements AdminContext.Control {
    @Override
    public ServerState state() {
      return Proxy.this.state();
    }

    @Override
    public void failHealthCheck(boolean nowFailing) {
      failing = nowFailing;
    }

    @Override
    public void drainListeners(boolean inboundOnly, boolean graceful) {
      listeners.drain(
          listener -> !inboundOnly || listener.options().direction() == Listener.Direction.INBOUND);
    }

    @Override
    public void quit() {
      Thread.ofPlatform().daemon().name("quit").start(Proxy.this::close);
    }

    @Override
    public Supplier<Long> uptimeNanos() {
      return Proxy.this::uptimeNanos;
    }

    @Override
    public String version() {
      return VERSION;
    }

    @Override
    public int concurrency() {
      return workers.loops().size();
    }
  }

  private long uptimeNanos() {
    return environment.ticker().nanos() - startNanos;
  }

  /** Where it is in its life. */
  public ServerState state() {
    if (failing || draining) {
      return ServerState.DRAINING;
    }
    return live ? ServerState.LIVE : ServerState.INITIALIZING;
  }

  /** Completes once everything expected at start is in force. */
  public CompletableFuture<Void> ready() {
    return ready.copy();
  }

  /** Completes when the proxy has ended, whoever ended it. */
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }

  /** Where the admin server listens; empty when there is none. */
  public Optional<InetSocketAddress> adminAddress() {
    return Optional.ofNullable(admin).map(AdminServer::address);
  }

  /** The listeners that accept, with the ports they really have. */
  public List<ListenerManager.Status> listeners() {
    return listeners.listeners();
  }

  /**
   * Tells the control plane other node metadata, on a new stream; what is in force stays so until
   * the answer. Without a stream nothing happens.
   */
  public void updateNodeMetadata(Struct metadata) {
    if (adsClient != null) {
      adsClient.restart(bootstrap.node().toBuilder().setMetadata(metadata).build());
    }
  }

  public Stats stats() {
    return stats;
  }

  /** The configuration in force. */
  public ProxySnapshot snapshot() {
    return assembler.snapshot();
  }

  /**
   * Stops to accept, lets running requests end, and then closes; completes when that is done.
   *
   * @param limit when everything is cut off
   */
  public CompletableFuture<Void> drain(Duration limit) {
    draining = true;
    listeners.drain(_ -> true);
    long deadline = environment.ticker().nanos() + limit.toNanos();
    CompletableFuture<Void> done = new CompletableFuture<>();
    configLoop.execute(() -> pollDrained(deadline, done));
    return done.whenCompleteAsync(
        (_, _) -> close(), task -> Thread.ofPlatform().daemon().name("close").start(task));
  }

  private void pollDrained(long deadline, CompletableFuture<Void> done) {
    if (closed
        || ServerStats.connections(stats) == 0
        || environment.ticker().nanos() - deadline >= 0) {
      done.complete(null);
    } else {
      configLoop.schedule(() -> pollDrained(deadline, done), DRAIN_POLL);
    }
  }

  /** Ends everything at once. */
  @Override
  public void close() {
    synchronized (terminated) {
      if (closed) {
        return;
      }
      closed = true;
    }
    for (AutoCloseable source : sources) {
      closeQuietly(source);
    }
    if (ownChannel != null) {
      ownChannel.shutdownNow();
    }
    if (admin != null) {
      admin.close();
    }
    listeners.close();
    onConfigLoop(
        () -> {
          assembler.close();
          return true;
        });
    workers.loops().forEach(loop -> loop.execute(() -> pools.of(loops.get(loop)).drain()));
    configExecutor.shutdown();
    resolver.close();
    if (environment.workers().isEmpty()) {
      workers.close();
    }
    logFiles.close();
    ready.completeExceptionally(new IllegalStateException("the proxy was closed"));
    terminated.complete(null);
  }

  @SuppressWarnings("CatchAllExceptions") // AutoCloseable allows any
  private static void closeQuietly(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception e) {
      LOG.log(System.Logger.Level.WARNING, "while closing: " + e);
    }
  }

  /** Shows whether the stream is up. */
  private record ConnectionState(Stats stats) implements ConnectionWatcher {
    @Override
    public void onConnected() {
      stats.gauge("control_plane.connected_state").set(1);
    }

    @Override
    public void onDisconnected(String reason, Duration retryIn) {
      stats.gauge("control_plane.connected_state").set(0);
      LOG.log(
          System.Logger.Level.WARNING,
          "control plane: " + reason + "; next attempt in " + retryIn.toMillis() + " ms");
    }
  }
}
