package io.meltemi.controlplane.push;

import io.meltemi.common.time.TaskLoop;
import io.meltemi.xds.resource.NameSet;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.DiscoveryUpdate;
import io.meltemi.xds.server.Sent;
import io.meltemi.xds.server.Subscription;
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

  /** Sent in this step, and not answered so far. */
  private final Set<TypeUrl> sent = new HashSet<>();

  private boolean clustersToRemove;
  private boolean sentAny;
  private Step step = Step.CLUSTERS;
  private TaskLoop.@Nullable Scheduled timeout;
  private final EnumSet<Step> late = EnumSet.noneOf(Step.class);

  ProxyPush(PushEngine engine, ProxyConnection proxy, PushRequest request) {
    this.engine = engine;
    this.proxy = proxy;
    this.request = request;
  }

  void start() {
    orGiveUp(
        () -> {
          sendClusters();
          advance();
        });
  }

  /** The proxy answered something. */
  void answered() {
    orGiveUp(this::advance);
  }

  /** A push that fails is none any more, so that the next change gets another. */
  private void orGiveUp(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      cancel();
      engine.finished(proxy, request, false);
      throw e;
    }
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
          engine.finished(proxy, request, sentAny && late.isEmpty());
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
      orGiveUp(this::advance);
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
    Set<String> renewed = Set.of();
    List<String> going = List.of();
    Optional<DiscoveryUpdate> clusters = update(TypeUrl.CLUSTER);
    if (clusters.isPresent()) {
      Sent result = send(TypeUrl.CLUSTER, clusters.get().withoutRemovals());
      going = result.kept();
      if (!proxy.keepsEndpoints()) {
        renewed =
            proxy.world.awaited(clusters.get().groups(), result.changed(), names(TypeUrl.ENDPOINT));
      }
    }
    clustersToRemove = !going.isEmpty();
    sendEndpoints(renewed, going);
  }

  /**
   * Sends assignments.
   *
   * @param renewed most proxies warm a cluster that was sent anew until they get its endpoints, the
   *     same or not
   * @param going clusters that keep their hosts: routes that are only about to change still send
   *     requests there
   */
  private void sendEndpoints(Set<String> renewed, List<String> going) {
    NameSet names = names(TypeUrl.ENDPOINT);
    if (!names.isEmpty()) {
      PushEngine.update(proxy, TypeUrl.ENDPOINT, names.without(going))
          .ifPresent(
              update -> send(TypeUrl.ENDPOINT, update.withForced(renewed).withoutRemovals()));
    }
  }

  private void sendListenersAndRoutes() {
    for (TypeUrl type : engine.typesAfterClusters()) {
      // old connections still run a filter that is gone from the listener
      update(type)
          .ifPresent(
              update ->
                  send(
                      type,
                      type.equals(TypeUrl.EXTENSION_CONFIG) ? update.withoutRemovals() : update));
    }
  }

  private void removeClusters() {
    if (clustersToRemove) {
      update(TypeUrl.CLUSTER).ifPresent(update -> send(TypeUrl.CLUSTER, update));
    }
  }

  /** Nothing when the proxy does not ask for the type. */
  private Optional<DiscoveryUpdate> update(TypeUrl type) {
    return proxy
        .connection()
        .subscription(type)
        .filter(subscription -> subscription.wildcard() || !subscription.names().isEmpty())
        .flatMap(subscription -> PushEngine.update(proxy, subscription));
  }

  private Sent send(TypeUrl type, DiscoveryUpdate update) {
    Sent result = engine.send(proxy, type, update);
    if (step != Step.REMOVALS) {
      engine.skipped(type, result);
    }
    if (result.response()) {
      sent.add(type);
      sentAny = true;
    }
    return result;
  }

  private NameSet names(TypeUrl type) {
    return proxy.connection().subscription(type).map(Subscription::names).orElse(NameSet.EMPTY);
  }
}
