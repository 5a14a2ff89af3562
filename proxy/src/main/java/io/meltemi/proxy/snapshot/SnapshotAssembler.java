package io.meltemi.proxy.snapshot;

import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.cluster.ClusterConfig;
import io.meltemi.proxy.cluster.ClusterFactory;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.listener.Listener;
import io.meltemi.proxy.listener.ListenerManager;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ResourceSource;
import io.meltemi.proxy.route.RouteTable;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.transport.RemoteSecrets;
import io.meltemi.xds.client.ReceivedResource;
import io.meltemi.xds.client.ResourceUpdate;
import io.meltemi.xds.client.ResourceWatcher;
import io.meltemi.xds.client.UpdateResult;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes resources and puts them in force in an order in which no request is lost: clusters first,
 * then routes whose clusters are there, then listeners whose routes are there; removals last. Each
 * resource that cannot be used is told apart and its last good version stays. Configuration loop
 * only, but for {@link #snapshot}.
 */
public final class SnapshotAssembler {
  private final ConfigParsers parsers;
  private final ClusterSet clusters;
  private final RemoteSecrets secrets;
  private final ResourceSubscriptions secretSubscriptions;
  private final ResourceSubscriptions filterSubscriptions;
  private final RouteTables routes;
  private final ListenerManager listeners;
  private final ResourceTable resources;
  private final Ticker ticker;
  private final StatScope clusterStats;
  private final StatScope listenerStats;
  private final System.Logger log;
  private final Map<String, Pending> pendingListeners = new LinkedHashMap<>();
  private final Map<String, Listener> activeListeners = new LinkedHashMap<>();
  private final Map<String, RouteTable> pendingRoutes = new LinkedHashMap<>();
  private final Map<String, ReceivedResource> pendingRouteBodies = new LinkedHashMap<>();
  private final Set<String> routesAskedFor = new HashSet<>();
  private final List<Runnable> initialListeners = new ArrayList<>();
  private final List<Runnable> initialized = new ArrayList<>();
  private Subscriber subscriber = Subscriber.NONE;
  private boolean clustersAnswered = true;
  private boolean listenersAnswered = true;
  private volatile ProxySnapshot snapshot = ProxySnapshot.EMPTY;

  private record Pending(Listener listener, LoadedResource resource) {}

  /**
   * @param routes shared with the parser of connection managers
   */
  public SnapshotAssembler(
      ConfigParsers parsers,
      ClusterFactory factory,
      ClusterManager manager,
      RouteTables routes,
      DeliveredConfig delivered,
      ListenerManager listeners,
      ResourceTable resources,
      TaskLoop loop,
      Ticker ticker,
      Stats stats,
      System.Logger log) {
    this.parsers = parsers;
    this.routes = routes;
    this.secrets = delivered.secrets();
    this.secretSubscriptions =
        new ResourceSubscriptions(
            new SecretResources(secrets),
            delivered.streams(),
            resources,
            ticker,
            stats,
            this::secretsChanged);
    secrets.askFrom(secretSubscriptions);
    this.filterSubscriptions =
        new ResourceSubscriptions(
            new FilterResources(delivered.filters()),
            delivered.streams(),
            resources,
            ticker,
            stats,
            this::settle);
    delivered.filters().askFrom(filterSubscriptions);
    this.listeners = listeners;
    this.resources = resources;
    this.ticker = ticker;
    this.log = log;
    this.clusterStats = stats.scope("cluster_manager.cds.");
    this.listenerStats = stats.scope("listener_manager.lds.");
    this.clusters =
        new ClusterSet(
            parsers.clusters(),
            factory,
            manager,
            resources,
            loop,
            ticker,
            stats,
            secrets,
            this::settle);
  }

  /** The configuration in force now. Any thread. */
  public ProxySnapshot snapshot() {
    return snapshot;
  }

  /** Parsed resources of a bootstrap, in its order. */
  private record StaticResources(List<ClusterConfig> clusters, List<Listener> listeners) {}

  /** Lists the secrets of a bootstrap. */
  public void showSecrets(
      List<io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret> secretMessages) {
    for (var secret : secretMessages) {
      resources.put(
          TypeUrl.SECRET,
          new LoadedResource(
              secret.getName(),
              "",
              MessageTypes.pack(secret),
              ticker.now(),
              true,
              LoadedResource.State.ACTIVE,
              ""));
    }
  }

  /** Every problem of a bootstrap's resources; puts nothing in force. */
  public Validation<Boolean> checkStatic(
      List<io.envoyproxy.envoy.config.cluster.v3.Cluster> clusterMessages,
      List<io.envoyproxy.envoy.config.listener.v3.Listener> listenerMessages,
      Origin origin) {
    return parseStatic(clusterMessages, listenerMessages, origin).map(_ -> true);
  }

  private Validation<StaticResources> parseStatic(
      List<io.envoyproxy.envoy.config.cluster.v3.Cluster> clusterMessages,
      List<io.envoyproxy.envoy.config.listener.v3.Listener> listenerMessages,
      Origin origin) {
    Validation.Collector problems = new Validation.Collector();
    Map<String, ClusterConfig> configs = new LinkedHashMap<>();
    for (int i = 0; i < clusterMessages.size(); i++) {
      String path = "static_resources.clusters[" + i + "]";
      Validation<ClusterConfig> parsed =
          under(path, parsers.clusters().parse(clusterMessages.get(i), origin));
      if (problems.absorb(parsed)) {
        ClusterConfig config = parsed.orElseThrow();
        if (configs.put(config.name(), config) != null) {
          problems.error(origin, path + ".name", config.name(), "a name that no other cluster has");
        }
      }
    }
    Map<String, Listener> parsedListeners = new LinkedHashMap<>();
    for (int i = 0; i < listenerMessages.size(); i++) {
      String path = "static_resources.listeners[" + i + "]";
      Validation<Listener> parsed =
          under(path, parsers.listeners().parse(listenerMessages.get(i), origin));
      if (problems.absorb(parsed)) {
        Listener listener = parsed.orElseThrow();
        if (parsedListeners.put(listener.name(), listener) != null) {
          problems.error(
              origin, path + ".name", listener.name(), "a name that no other listener has");
        }
      }
    }
    return problems.finish(
        () ->
            new StaticResources(
                List.copyOf(configs.values()), List.copyOf(parsedListeners.values())));
  }

  /**
   * Loads a bootstrap's resources.
   *
   * @return every problem of every resource; nothing is in force when there is one, but for a
   *     listener that cannot be bound
   */
  public Validation<Boolean> loadStatic(
      List<io.envoyproxy.envoy.config.cluster.v3.Cluster> clusterMessages,
      List<io.envoyproxy.envoy.config.listener.v3.Listener> listenerMessages,
      Origin origin) {
    Validation.Collector problems = new Validation.Collector();
    Validation<StaticResources> parsed = parseStatic(clusterMessages, listenerMessages, origin);
    problems.absorb(parsed);
    if (!(parsed instanceof Validation.Valid<StaticResources> valid)) {
      return problems.finish(() -> true);
    }
    for (int i = 0; i < clusterMessages.size(); i++) {
      clusters.addStatic(
          valid.value().clusters().get(i), MessageTypes.pack(clusterMessages.get(i)));
    }
    for (int i = 0; i < listenerMessages.size(); i++) {
      Listener listener = valid.value().listeners().get(i);
      addListener(
          listener,
          new LoadedResource(
              listener.name(),
              "",
              MessageTypes.pack(listenerMessages.get(i)),
              ticker.now(),
              true,
              LoadedResource.State.WARMING,
              ""));
    }
    List<UpdateResult.Rejection> failures = new ArrayList<>();
    activateListeners(failures);
    failures.forEach(
        failure ->
            problems.error(
                origin, "static_resources.listeners", failure.name(), failure.message()));
    settle();
    return problems.finish(() -> true);
  }

  private static <T> Validation<T> under(String path, Validation<T> part) {
    return switch (part) {
      case Validation.Valid<T>(T value, List<Violation> warnings) ->
          new Validation.Valid<>(value, moved(path, warnings));
      case Validation.Invalid<T>(List<Violation> errors, List<Violation> warnings) ->
          new Validation.Invalid<>(moved(path, errors), moved(path, warnings));
    };
  }

  private static List<Violation> moved(String path, List<Violation> violations) {
    return violations.stream()
        .map(
            v ->
                new Violation(
                    v.origin(),
                    v.path().isEmpty() ? path : path + "." + v.path(),
                    v.found(),
                    v.expected()))
        .toList();
  }

  /**
   * Names what will still come and whom to ask; then settles what is there.
   *
   * @param expectClusters whether a first answer with clusters is to be waited for
   */
  public void begin(Subscriber newSubscriber, boolean expectClusters, boolean expectListeners) {
    subscriber = newSubscriber;
    clusters.subscribeWith(newSubscriber);
    secretSubscriptions.subscribeWith(newSubscriber);
    filterSubscriptions.subscribeWith(newSubscriber);
    clustersAnswered = !expectClusters;
    listenersAnswered = !expectListeners;
    settle();
  }

  /** Runs once, when the first clusters are warm (Envoy asks for listeners only then). */
  public void onClustersInitialized(Runnable listener) {
    initialListeners.add(listener);
    settle();
  }

  /** Runs once, when everything expected at start has come and is in force. */
  public void onInitialized(Runnable listener) {
    initialized.add(listener);
    settle();
  }

  /** Whether everything expected at start has come and is in force. */
  public boolean isInitialized() {
    return clustersAnswered
        && listenersAnswered
        && clusters.newcomers().isEmpty()
        && pendingListeners.isEmpty();
  }

  /** What a listener waits for besides resources may have come. */
  public void recheck() {
    settle();
  }

  private void secretsChanged() {
    clusters.secretsChanged();
    settle();
  }

  /** Takes one type of resource. */
  public ResourceWatcher watcher(TypeUrl type) {
    if (type.equals(TypeUrl.SECRET)) {
      return secretSubscriptions.watcher(new ResourceSource.Aggregated());
    }
    if (type.equals(TypeUrl.EXTENSION_CONFIG)) {
      return filterSubscriptions.watcher(new ResourceSource.Aggregated());
    }
    return new ResourceWatcher() {
      @Override
      public UpdateResult onUpdate(ResourceUpdate update) {
        List<UpdateResult.Rejection> rejections;
        if (type.equals(TypeUrl.CLUSTER)) {
          rejections = clusters.update(update);
          clustersAnswered = true;
          count(clusterStats, rejections, update);
        } else if (type.equals(TypeUrl.ENDPOINT)) {
          rejections = clusters.updateEndpoints(update);
        } else if (type.equals(TypeUrl.ROUTE)) {
          rejections = updateRoutes(update);
        } else {
          rejections = updateListeners(update);
          count(listenerStats, rejections, update);
        }
        settle();
        return UpdateResult.of(rejections);
      }

      @Override
      public void onFetchTimeout(TypeUrl timedOut, Set<String> names) {
        if (timedOut.equals(TypeUrl.CLUSTER)) {
          clustersAnswered = true;
        } else if (timedOut.equals(TypeUrl.ENDPOINT)) {
          clusters.endpointsMissing(names);
        } else if (timedOut.equals(TypeUrl.ROUTE)) {
          names.forEach(routes::missing);
        } else {
          listenersAnswered = true;
        }
        settle();
      }
    };
  }

  private static void count(
      StatScope scope, List<UpdateResult.Rejection> rejections, ResourceUpdate update) {
    scope.counter("update_attempt").inc();
    scope.counter(rejections.isEmpty() ? "update_success" : "update_rejected").inc();
    scope.gauge("version").set(update.version().hashCode() & 0xFFFF_FFFFL);
  }

  private List<UpdateResult.Rejection> updateRoutes(ResourceUpdate update) {
    List<UpdateResult.Rejection> rejections = new ArrayList<>();
    for (ReceivedResource received : update.upserts()) {
      Validation<RouteTable> parsed =
          ResourceDecoder.decode(
              received.body(),
              RouteConfiguration.parser(),
              Origin.of("routes " + received.name()),
              parsers.routes()::parse);
      if (parsed instanceof Validation.Valid<RouteTable> valid) {
        pendingRoutes.put(received.name(), valid.value());
        pendingRouteBodies.put(received.name(), received);
      } else {
        rejections.add(new UpdateResult.Rejection(received.name(), ResourceDecoder.text(parsed)));
      }
    }
    update.removals().forEach(routes::missing);
    return rejections;
  }

  private List<UpdateResult.Rejection> updateListeners(ResourceUpdate update) {
    List<UpdateResult.Rejection> rejections = new ArrayList<>();
    for (ReceivedResource received : update.upserts()) {
      LoadedResource resource =
          new LoadedResource(
              received.name(),
              received.version(),
              received.body(),
              ticker.now(),
              false,
              LoadedResource.State.WARMING,
              "");
      Validation<Listener> parsed =
          ResourceDecoder.decode(
              received.body(),
              io.envoyproxy.envoy.config.listener.v3.Listener.parser(),
              Origin.of("listener " + received.name()),
              parsers.listeners()::parse);
      if (parsed instanceof Validation.Valid<Listener> valid) {
        addListener(valid.value(), resource);
      } else {
        String text = ResourceDecoder.text(parsed);
        rejections.add(new UpdateResult.Rejection(received.name(), text));
        refuse(resource, text);
      }
    }
    List<String> removals = new ArrayList<>();
    for (String name : update.removals()) {
      LoadedResource known = resources.get(TypeUrl.LISTENER, LoadedResource.State.ACTIVE, name);
      if (known == null || !known.isStatic()) {
        drop(pendingListeners.remove(name));
        drop(activeListeners.remove(name));
        resources.remove(TypeUrl.LISTENER, name);
        removals.add(name);
      }
    }
    if (!removals.isEmpty()) {
      listeners.update(List.of(), removals);
    }
    listenersAnswered = true;
    activateListeners(rejections);
    return rejections;
  }

  private void refuse(LoadedResource resource, String text) {
    resources.put(
        TypeUrl.LISTENER,
        new LoadedResource(
            resource.name(),
            resource.version(),
            resource.body(),
            resource.lastUpdated(),
            resource.isStatic(),
            LoadedResource.State.REFUSED,
            text));
  }

  private void addListener(Listener listener, LoadedResource resource) {
    secrets.hold(listener, listener.remoteSecrets());
    listener.hold();
    drop(pendingListeners.put(listener.name(), new Pending(listener, resource)));
    resources.put(TypeUrl.LISTENER, resource);
    Set<String> wanted = new LinkedHashSet<>(listener.routeNames());
    wanted.removeAll(routesAskedFor);
    if (!wanted.isEmpty() && subscriber.subscribe(TypeUrl.ROUTE, wanted)) {
      routesAskedFor.addAll(wanted);
    }
  }

  private void drop(@Nullable Pending pending) {
    if (pending != null) {
      drop(pending.listener());
    }
  }

  private void drop(@Nullable Listener listener) {
    if (listener != null) {
      secrets.drop(listener);
      listener.close();
    }
  }

  private boolean waits(Listener listener) {
    return listener.routeNames().stream()
            .anyMatch(name -> routesAskedFor.contains(name) && !routes.answered(name))
        || listener.remoteSecrets().stream().anyMatch(secret -> !secret.isAnswered())
        || listener.isWaiting();
  }

  /** Puts in force whatever waits for nothing any more. */
  private void settle() {
    applyRoutes();
    List<UpdateResult.Rejection> late = new ArrayList<>();
    activateListeners(late);
    late.forEach(
        rejection ->
            log.log(
                System.Logger.Level.ERROR,
                "listener " + rejection.name() + ": " + rejection.message()));
    if (clustersAnswered && !clusters.anyWarming() && !initialListeners.isEmpty()) {
      List<Runnable> told = List.copyOf(initialListeners);
      initialListeners.clear();
      told.forEach(Runnable::run);
    }
    publish();
    if (!initialized.isEmpty() && isInitialized()) {
      List<Runnable> told = List.copyOf(initialized);
      initialized.clear();
      told.forEach(Runnable::run);
    }
  }

  private void applyRoutes() {
    Set<String> newcomers = clusters.newcomers();
    for (Map.Entry<String, RouteTable> entry : List.copyOf(pendingRoutes.entrySet())) {
      if (RouteClusters.anyOf(entry.getValue(), newcomers)) {
        continue;
      }
      String name = entry.getKey();
      routes.put(name, entry.getValue());
      pendingRoutes.remove(name);
      ReceivedResource body = pendingRouteBodies.remove(name);
      if (body != null) {
        resources.put(
            TypeUrl.ROUTE,
            new LoadedResource(
                name,
                body.version(),
                body.body(),
                ticker.now(),
                false,
                LoadedResource.State.ACTIVE,
                ""));
      }
    }
  }

  private void activateListeners(List<UpdateResult.Rejection> failures) {
    if (!clustersAnswered || !clusters.newcomers().isEmpty()) {
      return;
    }
    List<Pending> ready = new ArrayList<>();
    for (Pending pending : List.copyOf(pendingListeners.values())) {
      if (!waits(pending.listener())) {
        ready.add(pending);
        pendingListeners.remove(pending.listener().name());
      }
    }
    if (ready.isEmpty()) {
      return;
    }
    Map<String, String> failed =
        listeners.update(ready.stream().map(Pending::listener).toList(), List.of());
    for (Pending pending : ready) {
      String name = pending.listener().name();
      String failure = failed.get(name);
      if (failure == null) {
        inForce(pending.listener());
        resources.put(TypeUrl.LISTENER, pending.resource().in(LoadedResource.State.ACTIVE));
      } else {
        failures.add(new UpdateResult.Rejection(name, failure));
        drop(pending.listener());
        resources.remove(TypeUrl.LISTENER, name);
        refuse(pending.resource(), failure);
      }
    }
    forgetUnusedRoutes();
  }

  private void inForce(Listener listener) {
    Listener before = activeListeners.get(listener.name());
    if (before != null && before.fingerprint().equals(listener.fingerprint())) {
      // the manager goes on with what it has
      drop(listener);
    } else {
      activeListeners.put(listener.name(), listener);
      drop(before);
    }
  }

  private void forgetUnusedRoutes() {
    Set<String> used = new HashSet<>();
    activeListeners.values().forEach(listener -> used.addAll(listener.routeNames()));
    pendingListeners.values().forEach(pending -> used.addAll(pending.listener().routeNames()));
    Set<String> unused = new HashSet<>(routesAskedFor);
    unused.removeAll(used);
    if (!unused.isEmpty()) {
      subscriber.unsubscribe(TypeUrl.ROUTE, unused);
      routesAskedFor.removeAll(unused);
    }
    for (String gone : routes.retain(used)) {
      resources.remove(TypeUrl.ROUTE, gone);
      pendingRoutes.remove(gone);
      pendingRouteBodies.remove(gone);
    }
  }

  private void publish() {
    long hash = clusters.hash();
    for (TypeUrl type :
        List.of(
            TypeUrl.LISTENER,
            TypeUrl.ROUTE,
            TypeUrl.ENDPOINT,
            TypeUrl.SECRET,
            TypeUrl.EXTENSION_CONFIG)) {
      for (LoadedResource resource : resources.list(type, LoadedResource.State.ACTIVE)) {
        hash += mix(resource);
      }
    }
    snapshot =
        new ProxySnapshot(
            Long.toHexString(hash),
            clusters.size(),
            resources.list(TypeUrl.ROUTE, LoadedResource.State.ACTIVE).size(),
            activeListeners.size());
  }

  /** The part of one resource in the sum that is the snapshot's hash. */
  static long mix(LoadedResource resource) {
    long bits =
        ((long) resource.body().getTypeUrl().hashCode() << 32
                | (resource.name().hashCode() & 0xFFFF_FFFFL))
            ^ resource.body().getValue().hashCode() * 0x9e3779b97f4a7c15L;
    bits = (bits ^ (bits >>> 30)) * 0xbf58476d1ce4e5b9L;
    bits = (bits ^ (bits >>> 27)) * 0x94d049bb133111ebL;
    return bits ^ (bits >>> 31);
  }

  /** Ends every cluster and every stream of secrets. */
  public void close() {
    secretSubscriptions.close();
    filterSubscriptions.close();
    clusters.close();
  }
}
