package io.meltemi.controlplane.gatewayapi;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.kind.serviceentry.ServiceEntry;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServiceKey;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which services are used through which waypoint: those that name it by {@code
 * istio.io/use-waypoint}, or whose namespace does, if it is for services and lets their namespace
 * in.
 *
 * <p>Differs from Istio: a waypoint counts as soon as its Gateway is there, before its workload is
 * ready; waypoints of workloads ({@code istio.io/waypoint-for: workload}) have nobody to serve.
 *
 * @see <a href="https://istio.io/latest/docs/ambient/usage/waypoint/">Waypoint proxies</a>
 */
public final class Waypoints {
  public static final Waypoints NONE = new Waypoints(Map.of(), Map.of());

  private static final String FOR = "istio.io/waypoint-for";
  private static final Set<String> FOR_SERVICES = Set.of("service", "all");
  private static final String MANAGED = "gateway.istio.io/managed";
  private static final Set<String> OWN_SERVICES =
      Set.of("istio.io-mesh-controller", "istio.io-eastwest-controller");

  private final Map<ResourceName, Set<ServiceKey>> services;

  /** Names of the ServiceEntries that hosts come from. */
  private final Map<ServiceKey, Set<String>> entries;

  private Waypoints(
      Map<ResourceName, Set<ServiceKey>> services, Map<ServiceKey, Set<String>> entries) {
    this.services = services;
    this.entries = entries;
  }

  public static Waypoints of(ConfigSnapshot snapshot, Collection<MeshService> services) {
    GatewayClasses classes = new GatewayClasses(snapshot);
    Map<ResourceName, Resource<KubernetesGateway>> waypoints = new HashMap<>();
    for (Resource<KubernetesGateway> gateway : snapshot.list(Kinds.KUBERNETES_GATEWAY)) {
      if (isForServices(gateway, classes, snapshot)) {
        waypoints.put(gateway.id(), gateway);
      }
    }
    if (waypoints.isEmpty()) {
      return NONE;
    }
    NamespaceChoice namespaces = new NamespaceChoice(snapshot);
    Map<ResourceName, Set<ServiceKey>> found = new HashMap<>();
    for (MeshService service : services) {
      named(service, snapshot)
          .map(waypoints::get)
          .filter(waypoint -> admits(waypoint, service.namespace(), namespaces))
          .ifPresent(
              waypoint ->
                  found.computeIfAbsent(waypoint.id(), _ -> new HashSet<>()).add(service.key()));
    }
    Map<ServiceKey, Set<String>> entries = new HashMap<>();
    for (Resource<ServiceEntry> entry : snapshot.list(Kinds.SERVICE_ENTRY)) {
      for (String host : entry.spec().hosts()) {
        entries
            .computeIfAbsent(new ServiceKey(host, entry.namespace()), _ -> new HashSet<>())
            .add(entry.name());
      }
    }
    return new Waypoints(found, entries);
  }

  /** The ServiceEntries that a host comes from. */
  public Set<String> entriesOf(ServiceKey service) {
    return entries.getOrDefault(service, Set.of());
  }

  /** The services that a waypoint stands before. */
  public Set<ServiceKey> of(ResourceName gateway) {
    return services.getOrDefault(gateway, Set.of());
  }

  /** The waypoint that labels ask for; they say {@code none} where a namespace's is not wanted. */
  static Optional<ResourceName> named(Labels own, Optional<Labels> ofNamespace, String namespace) {
    Labels labels =
        own.values().containsKey(Attachments.USE_WAYPOINT) ? own : ofNamespace.orElse(Labels.EMPTY);
    String waypoint = labels.get(Attachments.USE_WAYPOINT, "");
    if (waypoint.isEmpty() || waypoint.equalsIgnoreCase("none")) {
      return Optional.empty();
    }
    String written = labels.get(Attachments.USE_WAYPOINT_NAMESPACE, "");
    return Optional.of(new ResourceName(written.isEmpty() ? namespace : written, waypoint));
  }

  private static Optional<ResourceName> named(MeshService service, ConfigSnapshot snapshot) {
    Labels labels = service.attributes().labels();
    if (OWN_SERVICES.contains(labels.get(MANAGED, ""))) {
      return Optional.empty();
    }
    return named(
        labels,
        snapshot
            .get(Kinds.NAMESPACE, new ResourceName("", service.namespace()))
            .map(namespace -> namespace.metadata().labels()),
        service.namespace());
  }

  private static boolean isForServices(
      Resource<KubernetesGateway> gateway, GatewayClasses classes, ConfigSnapshot snapshot) {
    String className = gateway.spec().gatewayClassName();
    if (classes.controller(className).filter(GatewayClasses.MESH_CONTROLLER::equals).isEmpty()) {
      return false;
    }
    String ofClass =
        snapshot
            .get(Kinds.GATEWAY_CLASS, new ResourceName("", className))
            .map(found -> found.metadata().labels().get(FOR, ""))
            .filter(kind -> !kind.isEmpty())
            .orElse("service");
    return FOR_SERVICES.contains(gateway.metadata().labels().get(FOR, ofClass));
  }

  private static boolean admits(
      Resource<KubernetesGateway> waypoint, String namespace, NamespaceChoice namespaces) {
    return waypoint.spec().listeners().stream()
        .anyMatch(
            listener ->
                namespaces.contains(
                    listener.allowedRoutes().namespaces(), waypoint.namespace(), namespace));
  }
}
