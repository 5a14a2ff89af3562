package io.meltemi.proxy.snapshot;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterConfig;
import io.meltemi.proxy.cluster.ClusterFactory;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.cluster.ClusterParser;
import io.meltemi.proxy.cluster.ClusterSettings;
import io.meltemi.proxy.cluster.EndpointAssignment;
import io.meltemi.proxy.cluster.EndpointParser;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.transport.RemoteSecrets;
import io.meltemi.xds.client.ReceivedResource;
import io.meltemi.xds.client.ResourceUpdate;
import io.meltemi.xds.client.UpdateResult;
import io.meltemi.xds.resource.TypeUrl;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The clusters: in force, warming, and those that linger. A changed cluster serves in its old form
 * until the new one is warm. A removed cluster can still be found for a while, and a replaced one
 * keeps its hosts as long, so that a request which took a route or found the cluster just before
 * the push never finds it gone or empty.
 *
 * <p>Differs from Envoy: there a removed cluster is gone at once.
 */
final class ClusterSet {
  /** How long a removed cluster is still found, and a replaced one keeps its hosts. */
  static final Duration LINGER = Duration.ofSeconds(5);

  private final ClusterParser parser;
  private final ClusterFactory factory;
  private final ClusterManager manager;
  private final ResourceTable resources;
  private final TaskLoop loop;
  private final Ticker ticker;
  private final Stats stats;
  private final RemoteSecrets secrets;
  private final Runnable changed;
  private final Map<String, Entry> active = new LinkedHashMap<>();
  private final Map<String, Entry> warming = new LinkedHashMap<>();
  private final Map<String, Cluster> lingering = new HashMap<>();
  private final Set<Cluster> replaced = new HashSet<>();
  private final Map<String, Set<Cluster>> byService = new HashMap<>();
  private Subscriber subscriber = Subscriber.NONE;
  private boolean dirty;
  private final Counter added;
  private final Counter modified;
  private final Counter removed;
  private final Gauge activeGauge;
  private final Gauge warmingGauge;

  private record Entry(Cluster cluster, LoadedResource resource) {}

  /**
   * @param changed told on the loop after clusters became warm outside an update
   */
  ClusterSet(
      ClusterParser parser,
      ClusterFactory factory,
      ClusterManager manager,
      ResourceTable resources,
      TaskLoop loop,
      Ticker ticker,
      Stats stats,
      RemoteSecrets secrets,
      Runnable changed) {
    this.parser = parser;
    this.factory = factory;
    this.manager = manager;
    this.resources = resources;
    this.loop = loop;
    this.ticker = ticker;
    this.stats = stats;
    this.secrets = secrets;
    this.changed = changed;
    StatScope scope = stats.scope("cluster_manager.");
    this.added = scope.counter("cluster_added");
    this.modified = scope.counter("cluster_modified");
    this.removed = scope.counter("cluster_removed");
    this.activeGauge = scope.gauge("active_clusters");
    this.warmingGauge = scope.gauge("warming_clusters");
  }

  void subscribeWith(Subscriber newSubscriber) {
    subscriber = newSubscriber;
  }

  /** Names that are warming and have no older form in force. */
  Set<String> newcomers() {
    Set<String> names = new HashSet<>(warming.keySet());
    names.removeAll(active.keySet());
    return names;
  }

  boolean anyWarming() {
    return !warming.isEmpty();
  }

  int size() {
    return active.size();
  }

  void addStatic(ClusterConfig config, Any body) {
    add(
        config,
        new LoadedResource(
            config.name(), "", body, ticker.now(), true, LoadedResource.State.WARMING, ""));
    publish();
  }

  /** Applies clusters; the caller publishes what depends on them. */
  List<UpdateResult.Rejection> update(ResourceUpdate update) {
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
      Entry latest = warming.getOrDefault(received.name(), active.get(received.name()));
      if (latest != null && latest.resource().isStatic()) {
        continue; // as Envoy: a cluster of the bootstrap cannot be replaced
      }
      if (latest != null && latest.resource().body().equals(received.body())) {
        continue;
      }
      Validation<ClusterConfig> parsed =
          ResourceDecoder.decode(
              received.body(),
              io.envoyproxy.envoy.config.cluster.v3.Cluster.parser(),
              Origin.of("cluster " + received.name()),
              parser::parse);
      switch (parsed) {
        case Validation.Valid<ClusterConfig> valid -> add(valid.value(), resource);
        case Validation.Invalid<ClusterConfig> invalid -> {
          String text = ResourceDecoder.text(invalid);
          rejections.add(new UpdateResult.Rejection(received.name(), text));
          resources.put(
              TypeUrl.CLUSTER,
              new LoadedResource(
                  received.name(),
                  received.version(),
                  received.body(),
                  ticker.now(),
                  false,
                  LoadedResource.State.REFUSED,
                  text));
        }
      }
    }
    update.removals().forEach(this::remove);
    publish();
    return rejections;
  }

  private void add(ClusterConfig config, LoadedResource resource) {
    String name = config.name();
    Entry replaced = warming.remove(name);
    if (replaced != null) {
      discard(replaced.cluster());
    }
    Cluster cluster = factory.make(config);
    warming.put(name, new Entry(cluster, resource));
    resources.put(TypeUrl.CLUSTER, resource);
    secrets.hold(cluster, cluster.remoteSecrets());
    if (config.settings().discovery() instanceof ClusterSettings.Discovery.Eds eds) {
      byService.computeIfAbsent(eds.serviceName(), _ -> new LinkedHashSet<>()).add(cluster);
      LoadedResource known =
          resources.get(TypeUrl.ENDPOINT, LoadedResource.State.ACTIVE, eds.serviceName());
      if (known != null
          && assignment(known.body(), eds.serviceName())
              instanceof Validation.Valid<EndpointAssignment> valid) {
        cluster.update(valid.value());
      } else if (!subscriber.subscribe(TypeUrl.ENDPOINT, List.of(eds.serviceName()))) {
        cluster.ready();
      }
    }
    cluster.onReady(() -> warm(name, cluster));
  }

  /** May run on the loop inside an update, or later. */
  private void warm(String name, Cluster cluster) {
    if (!loop.inLoop()) {
      loop.execute(() -> warm(name, cluster));
      return;
    }
    Entry entry = warming.get(name);
    if (entry == null || entry.cluster() != cluster || waitsForSecrets(cluster)) {
      return;
    }
    warming.remove(name);
    Entry old =
        active.put(name, new Entry(cluster, entry.resource().in(LoadedResource.State.ACTIVE)));
    resources.put(TypeUrl.CLUSTER, entry.resource().in(LoadedResource.State.ACTIVE));
    (old == null ? added : modified).inc();
    dirty = true;
    loop.execute(this::publishIfDirty);
    if (old != null) {
      // an event loop may have found the old form before the swap and ask it for a host after it
      Cluster before = old.cluster();
      replaced.add(before);
      loop.schedule(() -> discardReplaced(before), LINGER);
    }
  }

  private static boolean waitsForSecrets(Cluster cluster) {
    return cluster.remoteSecrets().stream().anyMatch(secret -> !secret.isAnswered());
  }

  /** A secret came, or is known not to come: whoever waited for that only is warm. */
  void secretsChanged() {
    for (Map.Entry<String, Entry> entry : List.copyOf(warming.entrySet())) {
      Cluster cluster = entry.getValue().cluster();
      if (cluster.isReady()) {
        warm(entry.getKey(), cluster);
      }
    }
    if (dirty) {
      publish();
    }
  }

  private void publishIfDirty() {
    if (dirty) {
      publish();
      changed.run();
    }
  }

  private void discardReplaced(Cluster cluster) {
    if (replaced.remove(cluster)) {
      discard(cluster);
    }
  }

  private void remove(String name) {
    Entry waiting = warming.get(name);
    Entry serving = active.get(name);
    if (serving != null && serving.resource().isStatic()) {
      return;
    }
    if (waiting != null) {
      warming.remove(name);
      discard(waiting.cluster());
    }
    if (serving != null) {
      active.remove(name);
      removed.inc();
      Cluster cluster = serving.cluster();
      lingering.put(name, cluster);
      loop.schedule(() -> forget(name, cluster), LINGER);
    }
    resources.remove(TypeUrl.CLUSTER, name);
  }

  private void forget(String name, Cluster cluster) {
    lingering.remove(name, cluster);
    discard(cluster);
    if (!active.containsKey(name)) {
      stats.removeScope("cluster." + cluster.settings().statName() + ".");
    }
    publish();
  }

  private void discard(Cluster cluster) {
    cluster.close();
    secrets.drop(cluster);
    if (cluster.settings().discovery() instanceof ClusterSettings.Discovery.Eds eds) {
      Set<Cluster> users = byService.get(eds.serviceName());
      if (users != null && users.remove(cluster) && users.isEmpty()) {
        byService.remove(eds.serviceName());
        resources.remove(TypeUrl.ENDPOINT, eds.serviceName());
        subscriber.unsubscribe(TypeUrl.ENDPOINT, List.of(eds.serviceName()));
      }
    }
  }

  private static Validation<EndpointAssignment> assignment(Any body, String name) {
    return ResourceDecoder.decode(
        body,
        ClusterLoadAssignment.parser(),
        Origin.of("endpoints " + name),
        EndpointParser::parse);
  }

  /** Applies endpoints: each touches the clusters of its service only. */
  List<UpdateResult.Rejection> updateEndpoints(ResourceUpdate update) {
    List<UpdateResult.Rejection> rejections = new ArrayList<>();
    for (ReceivedResource received : update.upserts()) {
      Validation<EndpointAssignment> parsed = assignment(received.body(), received.name());
      if (parsed instanceof Validation.Valid<EndpointAssignment> valid) {
        resources.put(
            TypeUrl.ENDPOINT,
            new LoadedResource(
                received.name(),
                received.version(),
                received.body(),
                ticker.now(),
                false,
                LoadedResource.State.ACTIVE,
                ""));
        for (Cluster cluster : List.copyOf(byService.getOrDefault(received.name(), Set.of()))) {
          cluster.update(valid.value());
        }
      } else {
        rejections.add(new UpdateResult.Rejection(received.name(), ResourceDecoder.text(parsed)));
      }
    }
    endpointsMissing(update.removals());
    if (dirty) {
      publish();
    }
    return rejections;
  }

  /** These will not come; whoever warms goes on without hosts. */
  void endpointsMissing(Iterable<String> services) {
    for (String service : services) {
      List.copyOf(byService.getOrDefault(service, Set.of())).forEach(Cluster::ready);
    }
  }

  /** Swaps what event loops see. */
  private void publish() {
    dirty = false;
    Map<String, Cluster> all = new HashMap<>(lingering);
    active.forEach((name, entry) -> all.put(name, entry.cluster()));
    manager.replaceAll(all);
    activeGauge.set(active.size());
    warmingGauge.set(warming.size());
  }

  long hash() {
    long hash = 0;
    for (Entry entry : active.values()) {
      hash += SnapshotAssembler.mix(entry.resource());
    }
    return hash;
  }

  void close() {
    active.values().forEach(entry -> entry.cluster().close());
    warming.values().forEach(entry -> entry.cluster().close());
    lingering.values().forEach(Cluster::close);
    replaced.forEach(Cluster::close);
    active.clear();
    warming.clear();
    lingering.clear();
    replaced.clear();
    manager.replaceAll(Map.of());
  }
}
