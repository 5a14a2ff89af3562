package io.meltemi.controlplane.push;

import com.google.protobuf.InvalidProtocolBufferException;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.DiscoveryConnection;
import io.meltemi.xds.server.DiscoveryUpdate;
import io.meltemi.xds.server.Sent;
import io.meltemi.xds.server.Subscription;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One push to one proxy, in steps that make before they break: new clusters and their endpoints;
 * once the proxy took them, listeners and routes that may use them; once those are taken, away with
 * the clusters that nothing uses any more. Belongs to the push thread.
 */
final class ProxyPush {
  private enum Step {
    CLUSTERS,
    ROUTES,
    REMOVALS,
    DONE
  }

  private final PushEngine engine;
  private final ProxyConnection proxy;
  private final PushRequest request;
  private final ProxyDependencies.Need need;

  /** Sent in this step, and not answered so far. */
  private final Set<TypeUrl> sent = new HashSet<>();

  private List<EncodedResource> clusters = List.of();
  private boolean clustersToRemove;
  private Step step = Step.CLUSTERS;
  private TaskLoop.@Nullable Scheduled timeout;
  private final EnumSet<Step> late = EnumSet.noneOf(Step.class);

  ProxyPush(
      PushEngine engine, ProxyConnection proxy, PushRequest request, ProxyDependencies.Need need) {
    this.engine = engine;
    this.proxy = proxy;
    this.request = request;
    this.need = need;
  }

  void start() {
    switch (need) {
      case NOTHING, ENDPOINTS -> {
        step = Step.REMOVALS;
        sendEndpoints(changedEndpoints(), Set.of());
      }
      case ROUTES -> {
        step = Step.REMOVALS;
        sendListenersAndRoutes();
      }
      case EVERYTHING -> sendClusters();
    }
    advance();
  }

  /** The proxy answered something. */
  void answered() {
    advance();
  }

  void cancel() {
    step = Step.DONE;
    if (timeout != null) {
      timeout.cancel();
      timeout = null;
    }
  }

  private void advance() {
    while (step != Step.DONE && !waits()) {
      if (timeout != null) {
        timeout.cancel();
        timeout = null;
      }
      sent.clear();
      switch (step) {
        case CLUSTERS -> {
          step = Step.ROUTES;
          sendListenersAndRoutes();
        }
        case ROUTES -> {
          step = Step.REMOVALS;
          removeClusters();
        }
        case REMOVALS -> {
          step = Step.DONE;
          engine.finished(proxy, request, late.isEmpty());
        }
        case DONE -> {}
      }
    }
    if (step != Step.DONE && timeout == null) {
      Step waiting = step;
      timeout = engine.after(engine.settings().answerWaitMax(), () -> timedOut(waiting));
    }
  }

  private void timedOut(Step waiting) {
    if (step == waiting) {
      timeout = null;
      late.add(step);
      engine.events().answerTimedOut();
      sent.clear();
      advance();
    }
  }

  /**
   * True while the proxy has not answered what was sent. A proxy that asks for endpoints of new
   * clusters has those answered before it takes the clusters, so endpoints are waited for as well.
   */
  private boolean waits() {
    if (sent.isEmpty()) {
      return false;
    }
    if (step == Step.CLUSTERS && awaits(TypeUrl.ENDPOINT)) {
      return true;
    }
    return sent.stream().anyMatch(this::awaits);
  }

  private boolean awaits(TypeUrl type) {
    return proxy.connection().subscription(type).filter(Subscription::awaitsAnswer).isPresent();
  }

  private void sendClusters() {
    DiscoveryConnection connection = proxy.connection();
    Set<String> renewed = Set.of();
    Collection<String> endpoints = names(TypeUrl.ENDPOINT);
    if (connection.subscription(TypeUrl.CLUSTER).isPresent()) {
      Optional<List<EncodedResource>> made = engine.generate(proxy, TypeUrl.CLUSTER, Set.of());
      if (made.isPresent()) {
        clusters = made.get();
        Sent result =
            send(
                TypeUrl.CLUSTER,
                DiscoveryUpdate.everything(proxy.version, clusters).withoutRemovals());
        clustersToRemove = !result.kept().isEmpty();
        renewed = endpointNames(clusters, result.changed());
        endpoints = ofClusters(endpoints);
      }
    }
    sendEndpoints(endpoints, renewed);
  }

  /**
   * Those assignments whose cluster goes on. The others keep their hosts: routes that are only
   * about to change still send requests there.
   */
  private Collection<String> ofClusters(Collection<String> assignments) {
    Set<String> going = new HashSet<>();
    clusters.forEach(cluster -> going.add(cluster.name()));
    return assignments.stream().filter(going::contains).toList();
  }

  /** A proxy warms a cluster that was sent anew until it gets its endpoints, the same or not. */
  private void sendEndpoints(Collection<String> names, Set<String> renewed) {
    if (!names.isEmpty()) {
      engine
          .generate(proxy, TypeUrl.ENDPOINT, names)
          .ifPresent(
              resources ->
                  send(
                      TypeUrl.ENDPOINT,
                      DiscoveryUpdate.of(proxy.version, names, resources)
                          .withForced(intersection(renewed, names))));
    }
  }

  private void sendListenersAndRoutes() {
    for (TypeUrl type : engine.typesAfterClusters()) {
      Subscription subscription = proxy.connection().subscription(type).orElse(null);
      if (subscription == null) {
        continue;
      }
      List<String> names = List.copyOf(subscription.names());
      boolean everything = subscription.wildcard() || type.completeInEveryResponse();
      if (everything || !names.isEmpty()) {
        engine
            .generate(proxy, type, names)
            .ifPresent(
                resources -> {
                  DiscoveryUpdate update =
                      everything
                          ? DiscoveryUpdate.everything(proxy.version, resources)
                          : DiscoveryUpdate.of(proxy.version, names, resources);
                  // old connections still run a filter that is gone from the listener
                  send(
                      type,
                      type.equals(TypeUrl.EXTENSION_CONFIG) ? update.withoutRemovals() : update);
                });
      }
    }
  }

  private void removeClusters() {
    if (clustersToRemove) {
      send(TypeUrl.CLUSTER, DiscoveryUpdate.everything(proxy.version, clusters));
      clusters = List.of();
    }
  }

  private Sent send(TypeUrl type, DiscoveryUpdate update) {
    Sent result = engine.send(proxy, type, update);
    if (result.response()) {
      sent.add(type);
    }
    return result;
  }

  private Collection<String> names(TypeUrl type) {
    return proxy
        .connection()
        .subscription(type)
        .map(subscription -> List.copyOf(subscription.names()))
        .orElse(List.of());
  }

  /** The subscribed assignments of the services whose endpoints changed. */
  private Collection<String> changedEndpoints() {
    Set<String> hosts = new HashSet<>();
    request.change().endpoints().forEach(service -> hosts.add(service.hostname()));
    List<String> changed = new ArrayList<>();
    for (String name : names(TypeUrl.ENDPOINT)) {
      // outbound|port|subset|host
      if (hosts.contains(name.substring(name.lastIndexOf('|') + 1))) {
        changed.add(name);
      }
    }
    return changed;
  }

  /** The assignments that clusters of some names wait for. */
  static Set<String> endpointNames(List<EncodedResource> clusters, Collection<String> names) {
    Set<String> wanted = new HashSet<>(names);
    Set<String> result = new HashSet<>();
    for (EncodedResource resource : clusters) {
      if (wanted.contains(resource.name())) {
        try {
          Cluster cluster = Cluster.parseFrom(resource.bytes());
          if (cluster.getType() == Cluster.DiscoveryType.EDS) {
            String service = cluster.getEdsClusterConfig().getServiceName();
            result.add(service.isEmpty() ? cluster.getName() : service);
          }
        } catch (InvalidProtocolBufferException e) {
          throw new IllegalStateException("a cluster of ours is none: " + resource.name(), e);
        }
      }
    }
    return result;
  }

  private static Set<String> intersection(Set<String> some, Collection<String> others) {
    Set<String> result = new HashSet<>(some);
    result.retainAll(new HashSet<>(others));
    return result;
  }
}
