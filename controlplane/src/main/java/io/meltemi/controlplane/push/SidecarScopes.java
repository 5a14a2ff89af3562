package io.meltemi.controlplane.push;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.sidecar.Sidecar;
import io.meltemi.config.kind.virtualservice.HttpAction;
import io.meltemi.config.kind.virtualservice.HttpRoute;
import io.meltemi.config.kind.virtualservice.TcpRoute;
import io.meltemi.config.kind.virtualservice.TlsRoute;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.Destination;
import io.meltemi.config.traffic.OutboundTrafficPolicy;
import io.meltemi.controlplane.registry.HostNames;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServicePort;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/** Chooses the Sidecar resource of a proxy and works out what it imports. */
final class SidecarScopes {
  private static final String ANY_NAMESPACE = "*";
  private static final String OWN_NAMESPACE = ".";
  private static final String NO_NAMESPACE = "~";

  private final PushContext context;
  private final Map<String, List<Resource<Sidecar>>> byNamespace = new HashMap<>();

  /**
   * Indexes them.
   *
   * @param sidecars in order of precedence
   */
  SidecarScopes(PushContext context, List<Resource<Sidecar>> sidecars) {
    this.context = context;
    for (Resource<Sidecar> sidecar : sidecars) {
      byNamespace.computeIfAbsent(sidecar.namespace(), _ -> new ArrayList<>()).add(sidecar);
    }
  }

  /**
   * The resource for a workload: the first of its namespace that selects it, else the first there
   * without selector, else the first in the root namespace without selector.
   */
  Optional<Resource<Sidecar>> choose(String namespace, Labels labels) {
    List<Resource<Sidecar>> own = byNamespace.getOrDefault(namespace, List.of());
    return own.stream()
        .filter(sidecar -> sidecar.spec().workloadSelector().filter(labels::matches).isPresent())
        .findFirst()
        .or(() -> forAll(own))
        .or(() -> forAll(byNamespace.getOrDefault(context.rootNamespace(), List.of())));
  }

  private static Optional<Resource<Sidecar>> forAll(List<Resource<Sidecar>> sidecars) {
    return sidecars.stream()
        .filter(sidecar -> sidecar.spec().workloadSelector().isEmpty())
        .findFirst();
  }

  /** Everything that a namespace sees. */
  SidecarScope everything(String namespace, OutboundTrafficPolicy policy) {
    List<MeshService> services = context.servicesVisibleTo(namespace);
    return new SidecarScope(
        Optional.empty(),
        List.of(
            new SidecarScope.EgressListener(
                Optional.empty(),
                services,
                context.virtualServices(VirtualService.MESH_GATEWAY, namespace))),
        byHost(services),
        policy);
  }

  /** What a Sidecar resource lets a namespace see. */
  SidecarScope of(String namespace, Resource<Sidecar> sidecar) {
    OutboundTrafficPolicy policy =
        sidecar.spec().outboundTrafficPolicy().orElse(context.mesh().outboundTrafficPolicy());
    if (sidecar.spec().egress().isEmpty()) {
      SidecarScope all = everything(namespace, policy);
      return new SidecarScope(Optional.of(sidecar), all.egress(), all.services(), policy);
    }
    List<SidecarScope.EgressListener> listeners = new ArrayList<>();
    Map<String, MeshService> services = new LinkedHashMap<>();
    for (Sidecar.Egress egress : sidecar.spec().egress()) {
      SidecarScope.EgressListener listener = listener(namespace, egress);
      listeners.add(listener);
      listener.services().forEach(service -> merge(services, service));
      addDestinations(namespace, listener, services);
    }
    return new SidecarScope(Optional.of(sidecar), listeners, byHost(services.values()), policy);
  }

  private SidecarScope.EgressListener listener(String namespace, Sidecar.Egress egress) {
    Imports imports = Imports.of(egress.hosts(), namespace);
    Map<String, MeshService> chosen = new LinkedHashMap<>();
    for (MeshService service : context.servicesVisibleTo(namespace)) {
      if (!imports.imports(service.namespace(), service.hostname())) {
        continue;
      }
      Optional<MeshService> narrowed = onPort(service, egress);
      if (narrowed.isEmpty()) {
        continue;
      }
      MeshService present = chosen.get(service.hostname());
      // of two owners of a host name the proxy's own namespace wins, else the older
      if (present == null
          || (service.namespace().equals(namespace) && !present.namespace().equals(namespace))) {
        chosen.put(service.hostname(), narrowed.get());
      }
    }
    List<Resource<VirtualService>> virtualServices =
        context.virtualServices(VirtualService.MESH_GATEWAY, namespace).stream()
            .filter(
                resource ->
                    resource.spec().hosts().stream()
                        .anyMatch(host -> imports.touches(resource.namespace(), host)))
            .toList();
    return new SidecarScope.EgressListener(
        Optional.of(egress), List.copyOf(chosen.values()), virtualServices);
  }

  /** The service with the listener's port alone; empty when it has no such port. */
  private static Optional<MeshService> onPort(MeshService service, Sidecar.Egress egress) {
    if (egress.port().isEmpty()
        || egress.port().get().number() == 0
        || egress.port().get().protocol() == io.meltemi.config.traffic.Protocol.HTTP_PROXY) {
      return Optional.of(service);
    }
    return withPorts(service, Set.of(egress.port().get().number()));
  }

  /** Empty when the service has none of the ports. */
  private static Optional<MeshService> withPorts(MeshService service, Set<Integer> numbers) {
    List<ServicePort> ports =
        service.ports().stream().filter(port -> numbers.contains(port.number())).toList();
    if (ports.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(ports.size() == service.ports().size() ? service : service.withPorts(ports));
  }

  /** Adds the services that imported virtual services send traffic to. */
  private void addDestinations(
      String namespace, SidecarScope.EgressListener listener, Map<String, MeshService> services) {
    for (Resource<VirtualService> resource : listener.virtualServices()) {
      Map<String, Set<Integer>> ports = new LinkedHashMap<>();
      forEachDestination(
          resource.spec(),
          destination -> {
            Set<Integer> numbers =
                ports.computeIfAbsent(
                    destination.host().toLowerCase(Locale.ROOT), _ -> new TreeSet<>());
            destination.port().ifPresentOrElse(numbers::add, () -> numbers.add(0));
          });
      ports.forEach(
          (host, numbers) -> {
            if (services.containsKey(host) && numbers.contains(0) && !hasPort(listener)) {
              return;
            }
            context
                .serviceFor(host, namespace)
                .flatMap(service -> narrow(service, numbers, listener))
                .ifPresent(service -> merge(services, service));
          });
    }
  }

  private static boolean hasPort(SidecarScope.EgressListener listener) {
    return listener
        .config()
        .flatMap(Sidecar.Egress::port)
        .filter(port -> port.number() != 0)
        .isPresent();
  }

  /** A destination without port means the listener's port, or a service's only port. */
  private static Optional<MeshService> narrow(
      MeshService service, Set<Integer> numbers, SidecarScope.EgressListener listener) {
    if (!numbers.contains(0)) {
      return withPorts(service, numbers);
    }
    OptionalInt listenerPort =
        listener.config().flatMap(Sidecar.Egress::port).stream()
            .mapToInt(io.meltemi.config.traffic.Port::number)
            .filter(number -> number != 0)
            .findFirst();
    if (listenerPort.isEmpty() || service.ports().size() == 1) {
      return Optional.of(service);
    }
    Set<Integer> wanted = new TreeSet<>(numbers);
    wanted.add(listenerPort.getAsInt());
    return withPorts(service, wanted);
  }

  private static void forEachDestination(VirtualService service, Consumer<Destination> action) {
    for (HttpRoute route : service.http()) {
      if (route.action() instanceof HttpAction.Forward(List<HttpAction.WeightedDestination> to)) {
        to.forEach(weighted -> action.accept(weighted.destination()));
      }
      route.policy().mirrors().forEach(mirror -> action.accept(mirror.destination()));
    }
    for (TlsRoute route : service.tls()) {
      route.route().forEach(weighted -> action.accept(weighted.destination()));
    }
    for (TcpRoute route : service.tcp()) {
      route.route().forEach(weighted -> action.accept(weighted.destination()));
    }
  }

  /** Adds a service, or the ports it has in addition when the host is there already. */
  private static void merge(Map<String, MeshService> services, MeshService added) {
    services.merge(
        added.hostname(),
        added,
        (present, again) -> {
          if (!present.key().equals(again.key())) {
            return present;
          }
          List<ServicePort> ports = new ArrayList<>(present.ports());
          again.ports().stream().filter(port -> !ports.contains(port)).forEach(ports::add);
          return ports.size() == present.ports().size() ? present : present.withPorts(ports);
        });
  }

  /** One service per host name: the oldest, but a Kubernetes Service before a ServiceEntry. */
  private static Map<String, MeshService> byHost(Collection<MeshService> services) {
    Map<String, MeshService> chosen = new LinkedHashMap<>();
    for (MeshService service : services) {
      chosen.merge(
          service.hostname(),
          service,
          (present, later) ->
              present.attributes().source() != MeshService.Source.KUBERNETES
                      && later.attributes().source() == MeshService.Source.KUBERNETES
                  ? later
                  : present);
    }
    return chosen;
  }

  /**
   * The hosts of an egress entry by namespace.
   *
   * @param imported by namespace, {@code *} for any
   * @param excluded the same, taken away again
   */
  private record Imports(Map<String, List<String>> imported, Map<String, List<String>> excluded) {
    static Imports of(List<Sidecar.EgressHost> hosts, String ownNamespace) {
      Map<String, List<String>> imported = new HashMap<>();
      Map<String, List<String>> excluded = new HashMap<>();
      for (Sidecar.EgressHost host : hosts) {
        if (host.namespace().equals(NO_NAMESPACE)) {
          continue;
        }
        String namespace = host.namespace().equals(OWN_NAMESPACE) ? ownNamespace : host.namespace();
        (host.exclude() ? excluded : imported)
            .computeIfAbsent(namespace, _ -> new ArrayList<>())
            .add(host.host().toLowerCase(Locale.ROOT));
      }
      return new Imports(imported, excluded);
    }

    boolean imports(String namespace, String hostname) {
      return covers(imported, namespace, hostname) && !covers(excluded, namespace, hostname);
    }

    private static boolean covers(
        Map<String, List<String>> hosts, String namespace, String hostname) {
      return anySuperset(hosts.getOrDefault(namespace, List.of()), hostname)
          || anySuperset(hosts.getOrDefault(ANY_NAMESPACE, List.of()), hostname);
    }

    private static boolean anySuperset(List<String> hosts, String hostname) {
      return hosts.stream().anyMatch(host -> HostNames.isSubsetOf(hostname, host));
    }

    /** True when a virtual service of the namespace for the host has a part in the imports. */
    boolean touches(String namespace, String host) {
      return !covers(excluded, namespace, host)
          && (anyOverlap(imported.getOrDefault(namespace, List.of()), host)
              || anyOverlap(imported.getOrDefault(ANY_NAMESPACE, List.of()), host));
    }

    private static boolean anyOverlap(List<String> hosts, String host) {
      return hosts.stream().anyMatch(candidate -> HostNames.overlap(host, candidate));
    }
  }
}
