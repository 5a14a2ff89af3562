package io.meltemi.controlplane.translate;

import io.meltemi.config.kind.virtualservice.HttpAction;
import io.meltemi.config.kind.virtualservice.HttpRoute;
import io.meltemi.config.kind.virtualservice.TcpRoute;
import io.meltemi.config.kind.virtualservice.TlsRoute;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.Destination;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.SidecarScope;
import io.meltemi.controlplane.registry.HostNames;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.registry.ServicePort;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The services behind a waypoint, the rules that it executes for them, and the clusters that these
 * lead to: {@code inbound-vip|…} for services behind it, {@code outbound|…} for others.
 */
public final class WaypointServices {
  /** Of requests, in names of clusters and chains. */
  public static final String HTTP = "http";

  /** Of bytes, in names of clusters and chains. */
  public static final String TCP = "tcp";

  private final ProxyNode node;
  private final List<MeshService> services;
  private final Map<String, MeshService> byHost = new HashMap<>();
  private final SidecarScope scope;

  private WaypointServices(ProxyNode node, PushContext context) {
    this.node = node;
    this.scope = context.sidecarScope(node);
    List<MeshService> found = new ArrayList<>();
    for (MeshService service : context.servicesBehind(node)) {
      // a name that is looked up for each request has no address to be told by
      boolean within =
          (service.resolution() == Resolution.DYNAMIC_DNS && !service.meshExternal())
              || service.resolution() == Resolution.ALIAS;
      if (!within && byHost.putIfAbsent(service.hostname(), service) == null) {
        found.add(service);
      }
    }
    this.services = List.copyOf(found);
  }

  public static WaypointServices of(ProxyNode waypoint, PushContext context) {
    return new WaypointServices(waypoint, context);
  }

  /** The services behind it, oldest first, one per host name. */
  public List<MeshService> services() {
    return services;
  }

  public Optional<MeshService> service(String host) {
    return Optional.ofNullable(byHost.get(host));
  }

  /** What a port's connections are taken for; both where it must be found out. */
  public static List<String> kinds(ServicePort port) {
    if (port.protocol().isUnsupported()) {
      return List.of(TCP, HTTP);
    }
    return List.of(port.protocol().isHttp() ? HTTP : TCP);
  }

  /**
   * The rules that are executed for a service, in order of precedence: of its own namespace and of
   * the waypoint's.
   */
  public List<Resource<VirtualService>> rules(MeshService service) {
    return scope.egress().stream()
        .flatMap(listener -> listener.virtualServices().stream())
        .filter(
            rule ->
                rule.namespace().equals(node.namespace())
                    || rule.namespace().equals(service.namespace()))
        .filter(
            rule ->
                rule.spec().hosts().stream()
                    .anyMatch(host -> HostNames.isSubsetOf(service.hostname(), host)))
        .toList();
  }

  /** The hosts that rules lead to which are not behind it. */
  public Set<String> others() {
    Set<String> hosts = new LinkedHashSet<>();
    for (MeshService service : services) {
      for (Resource<VirtualService> rule : rules(service)) {
        rule.spec().http().forEach(http -> add(http, hosts));
        rule.spec().tls().stream().map(TlsRoute::route).forEach(route -> add(route, hosts));
        rule.spec().tcp().stream().map(TcpRoute::route).forEach(route -> add(route, hosts));
      }
    }
    hosts.removeAll(byHost.keySet());
    return hosts;
  }

  private static void add(HttpRoute http, Set<String> hosts) {
    if (http.action() instanceof HttpAction.Forward(List<HttpAction.WeightedDestination> shares)) {
      shares.forEach(share -> hosts.add(share.destination().host()));
    }
    http.policy().mirrors().forEach(mirror -> hosts.add(mirror.destination().host()));
  }

  private static void add(List<TcpRoute.WeightedDestination> route, Set<String> hosts) {
    route.forEach(share -> hosts.add(share.destination().host()));
  }

  /**
   * The cluster of a destination.
   *
   * @param service the destination's service as far as the waypoint sees it
   * @param port the service port
   */
  public String cluster(Destination destination, Optional<MeshService> service, int port) {
    Optional<MeshService> behind = service.flatMap(found -> service(found.hostname()));
    if (behind.isEmpty()) {
      return Destinations.cluster(destination, service, port);
    }
    Optional<ServicePort> known = behind.get().port(port);
    String kind =
        known.isEmpty() || known.get().protocol().isHttp() || known.get().protocol().isUnsupported()
            ? HTTP
            : TCP;
    return ClusterNames.inboundVip(port, kind, destination.subset(), destination.host());
  }
}
