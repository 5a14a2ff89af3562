package io.meltemi.controlplane.push;

import io.grpc.Status;
import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.Locality;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import io.meltemi.config.kind.workloadgroup.WorkloadGroup;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigStore;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Workloads outside Kubernetes whose proxies name the WorkloadGroup they belong to (node metadata
 * {@code AUTO_REGISTER_GROUP}): each has a WorkloadEntry made of the group's template as long as
 * its proxy is connected, and a while longer. Belongs to the push thread.
 *
 * <p>Differs from Istio: entries are kept in memory and are not written to Kubernetes; a workload
 * is ill until it says that it is well when its group has a probe, whatever its proxy's own
 * configuration says; who the proxy is is not verified.
 */
public final class WorkloadRegistration {
  private static final String GROUP = "AUTO_REGISTER_GROUP";
  private static final String GROUP_ANNOTATION = "istio.io/autoRegistrationGroup";
  private static final String CONTROLLER = "istio.io/workloadController";
  private static final String CONNECTED = "istio.io/connectedAt";
  private static final String DISCONNECTED = "istio.io/disconnectedAt";
  private static final String CHECKED = "proxy.istio.io/health-checks-enabled";
  private static final int NAME_CHARS_MAX = 253;

  private final ConfigStore store;
  private final TaskLoop loop;
  private final Ticker ticker;
  private final Duration grace;
  private final String controller;
  private final Map<ResourceName, Registered> registered = new HashMap<>();

  /** An entry and the connections it stands for. */
  private static final class Registered {
    Resource<WorkloadEntry> entry;
    int connections;
    TaskLoop.@Nullable Scheduled removal;

    Registered(Resource<WorkloadEntry> entry) {
      this.entry = entry;
    }
  }

  /**
   * None registered yet.
   *
   * @param store takes the entries, and has the groups
   * @param grace how long an entry stays after its proxy went away ({@code
   *     PILOT_WORKLOAD_ENTRY_GRACE_PERIOD} of Istio)
   * @param controller the name of this control plane
   */
  public WorkloadRegistration(
      ConfigStore store, TaskLoop loop, Ticker ticker, Duration grace, String controller) {
    this.store = store;
    this.loop = loop;
    this.ticker = ticker;
    this.grace = grace;
    this.controller = controller;
  }

  /**
   * A proxy connected.
   *
   * @return OK unless it names a group that there is not
   */
  Status connected(ProxyNode node) {
    Optional<ResourceName> name = entryName(node);
    if (name.isEmpty()) {
      return Status.OK;
    }
    Registered known = registered.get(name.get());
    if (known == null) {
      ResourceName groupName = new ResourceName(node.namespace(), group(node));
      Optional<Resource<WorkloadGroup>> group =
          store.snapshot().get(Kinds.WORKLOAD_GROUP, groupName);
      if (group.isEmpty()) {
        return Status.FAILED_PRECONDITION.withDescription(
            "auto-registration WorkloadEntry of %s failed: cannot find WorkloadGroup %s"
                .formatted(node.id(), groupName));
      }
      if (store.snapshot().get(Kinds.WORKLOAD_ENTRY, name.get()).isPresent()) {
        // somebody wrote it by hand, and keeps it
        return Status.OK;
      }
      known = new Registered(entry(name.get(), node, group.get()));
      registered.put(name.get(), known);
    } else {
      known.entry = marked(known.entry, CONNECTED, DISCONNECTED);
    }
    known.connections++;
    if (known.removal != null) {
      known.removal.cancel();
      known.removal = null;
    }
    put(known);
    return Status.OK;
  }

  /** A connection of a proxy ended. */
  void closed(ProxyNode node) {
    Registered known = entryName(node).map(registered::get).orElse(null);
    if (known == null || --known.connections > 0) {
      return;
    }
    known.entry = marked(known.entry, DISCONNECTED, CONNECTED);
    put(known);
    known.removal =
        loop.schedule(
            () -> {
              registered.remove(known.entry.id());
              store.replace(location(known.entry.id()), List.of());
            },
            grace);
  }

  /**
   * A proxy tells how its workload is.
   *
   * @param error why it is ill; empty when it is well
   */
  void reported(ProxyNode node, Optional<String> error) {
    Registered known = entryName(node).map(registered::get).orElse(null);
    if (known != null && known.entry.metadata().annotations().containsKey(CHECKED)) {
      known.entry =
          new Resource<>(
              known.entry.kind(),
              known.entry.metadata(),
              known.entry.spec().withHealth(error.isEmpty()),
              known.entry.origin());
      put(known);
    }
  }

  private void put(Registered known) {
    store.replace(location(known.entry.id()), List.of(known.entry));
  }

  private static String location(ResourceName entry) {
    return "registered workload " + entry;
  }

  private static String group(ProxyNode node) {
    return node.metadata().values().getOrDefault(GROUP, "");
  }

  /** {@code group-ip[-network]}, its end when it is too long. */
  private static Optional<ResourceName> entryName(ProxyNode node) {
    if (group(node).isEmpty()) {
      return Optional.empty();
    }
    String network = node.metadata().network();
    String name =
        group(node) + '-' + node.ip().replace(':', '-') + (network.isEmpty() ? "" : '-' + network);
    return Optional.of(
        new ResourceName(
            node.namespace(), name.substring(Math.max(0, name.length() - NAME_CHARS_MAX))));
  }

  /** What the proxy says of itself comes before the group, and that before its template. */
  private Resource<WorkloadEntry> entry(
      ResourceName name, ProxyNode node, Resource<WorkloadGroup> group) {
    WorkloadGroup spec = group.spec();
    WorkloadEntry template = spec.template();
    Map<String, String> labels = new TreeMap<>(template.labels().values());
    labels.putAll(spec.labels().values());
    labels.putAll(node.labels().values());
    Map<String, String> annotations = new TreeMap<>();
    annotations.put(GROUP_ANNOTATION, group.name());
    annotations.putAll(spec.annotations());
    annotations.put(CONTROLLER, controller);
    annotations.put(CONNECTED, ticker.now().toString());
    boolean checked = spec.probe().isPresent();
    if (checked) {
      annotations.put(CHECKED, "true");
    }
    String network = node.metadata().network();
    WorkloadEntry entry =
        new WorkloadEntry(
            node.ip(),
            template.ports(),
            Labels.of(labels),
            network.isEmpty() ? template.network() : network,
            node.locality().equals(Locality.UNKNOWN) ? template.locality() : node.locality(),
            template.weight(),
            template.serviceAccount(),
            !checked);
    return new Resource<>(
        Kinds.WORKLOAD_ENTRY,
        new Metadata(
            name,
            Labels.of(labels),
            annotations,
            ticker.now(),
            1,
            "",
            List.of(new Metadata.Owner("WorkloadGroup", group.name(), true))),
        entry,
        group.origin());
  }

  private Resource<WorkloadEntry> marked(
      Resource<WorkloadEntry> entry, String annotation, String gone) {
    Metadata metadata = entry.metadata();
    Map<String, String> annotations = new TreeMap<>(metadata.annotations());
    annotations.remove(gone);
    annotations.put(annotation, ticker.now().toString());
    return new Resource<>(
        entry.kind(),
        new Metadata(
            metadata.id(),
            metadata.labels(),
            annotations,
            metadata.creationTimestamp(),
            metadata.generation(),
            metadata.resourceVersion(),
            metadata.owners()),
        entry.spec(),
        entry.origin());
  }
}
