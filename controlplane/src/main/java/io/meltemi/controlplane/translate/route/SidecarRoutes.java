package io.meltemi.controlplane.translate.route;

import com.google.protobuf.Duration;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.route.v3.Decorator;
import io.envoyproxy.envoy.config.route.v3.DirectResponseAction;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.kind.sidecar.Sidecar;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.Destination;
import io.meltemi.config.traffic.OutboundTrafficPolicy;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.controlplane.gatewayapi.GatewayApi;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.SidecarScope;
import io.meltemi.controlplane.registry.HostNames;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.registry.ServicePort;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.DestinationPolicies;
import io.meltemi.controlplane.translate.Destinations;
import io.meltemi.controlplane.translate.DynamicDns;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.RuleScope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * The route configurations of a sidecar's outgoing HTTP: by port ({@code "9080"}), by one service
 * port whose protocol is detected ({@code "host:port"}), for its HTTP proxy ({@code "http_proxy"}),
 * and for listeners on Unix sockets ({@code "unix:///path"}), which like a proxy serve every port.
 *
 * <p>Of several virtual services for one host the first in order of precedence counts; services
 * without any get a route to themselves.
 *
 * <p>Differs from Istio: {@code http_proxy} compares ports, so that every port of a service can be
 * asked for by {@code host:port}; a host without a port means port 80. With a {@link
 * io.meltemi.controlplane.push.LocalPlacement} nothing redirects connections, so there is no
 * original destination to pass unknown hosts on to: they get 502 with a reason whatever the
 * outbound traffic policy says, until the proxy can resolve names per request.
 */
final class SidecarRoutes {
  static final String HTTP_PROXY = "http_proxy";

  private static final String UNIX_PREFIX = "unix://";

  private static final int HTTP_PORT = 80;
  private static final int BAD_GATEWAY = 502;

  /** Istio's limit for answers that a proxy gives by itself, in bytes. */
  static final int DIRECT_RESPONSE_BYTES_MAX = 1_048_576;

  private final ProxyNode node;
  private final PushContext context;
  private final SidecarScope scope;
  private final DestinationPolicies policies;

  SidecarRoutes(ProxyNode node, PushContext context) {
    this.node = node;
    this.context = context;
    this.scope = context.sidecarScope(node);
    this.policies = DestinationPolicies.of(node, context);
  }

  /**
   * What one route configuration is made for.
   *
   * @param port the listener's; 0 for the proxy's own HTTP proxy listener
   * @param sniffedHost the service whose port's protocol is detected, or empty
   * @param proxy requests name host and port themselves, so every port is meant
   */
  private record Target(String name, int port, String sniffedHost, boolean proxy) {
    static Optional<Target> parse(String name) {
      if (name.equals(HTTP_PROXY) || name.startsWith(UNIX_PREFIX)) {
        return Optional.of(new Target(name, 0, "", true));
      }
      int colon = name.lastIndexOf(':');
      String port = name.substring(colon + 1);
      if (port.isEmpty() || port.length() > 5 || !port.chars().allMatch(Character::isDigit)) {
        return Optional.empty();
      }
      return Optional.of(
          new Target(
              name, Integer.parseInt(port), colon < 0 ? "" : name.substring(0, colon), false));
    }

    Target asProxy() {
      return new Target(name, port, sniffedHost, true);
    }
  }

  /** Hosts with their routes on one port, before their domains are given out. */
  private record Group(
      int port,
      List<MeshService> services,
      List<String> otherHosts,
      List<Route> routes,
      Origin origin) {}

  /** The configuration of a name; one without hosts when the name is none of a sidecar's. */
  GeneratedResource of(String name) {
    Optional<Target> target = Target.parse(name);
    if (target.isEmpty()) {
      return new GeneratedResource(
          name, RouteConfiguration.newBuilder().setName(name).build(), List.of());
    }
    Optional<SidecarScope.EgressListener> egress = egress(target.get());
    boolean proxy =
        egress
            .flatMap(SidecarScope.EgressListener::config)
            .flatMap(Sidecar.Egress::port)
            .filter(port -> port.protocol() == Protocol.HTTP_PROXY)
            .isPresent();
    return of(proxy ? target.get().asProxy() : target.get(), egress);
  }

  private GeneratedResource of(Target target, Optional<SidecarScope.EgressListener> egress) {
    Set<Origin> origins = new LinkedHashSet<>();
    List<VirtualHost> hosts = new ArrayList<>();
    Set<String> names = new HashSet<>();
    Set<String> taken = new HashSet<>();
    List<Group> groups = egress.map(listener -> groups(target, listener)).orElseGet(List::of);
    Set<String> fullNames = new HashSet<>();
    groups.forEach(group -> group.services().forEach(service -> fullNames.add(service.hostname())));
    for (Group group : groups) {
      if (!target.proxy() && group.port() != target.port()) {
        continue;
      }
      for (String host : group.otherHosts()) {
        host(group, host, domains(target, group.port(), List.of(host)), names, taken)
            .ifPresent(hosts::add);
      }
      for (MeshService service : group.services()) {
        List<String> own =
            Domains.of(service, aliases(service), node).stream()
                .filter(domain -> domain.equals(service.hostname()) || !fullNames.contains(domain))
                .toList();
        host(group, service.hostname(), domains(target, group.port(), own), names, taken)
            .ifPresent(hosts::add);
      }
      origins.add(group.origin());
    }
    hosts.sort(Comparator.comparing(VirtualHost::getName));
    if (target.sniffedHost().isEmpty()) {
      hosts.add(unknownHosts(target));
    } else {
      hosts = sniffed(target, hosts);
    }
    RouteConfiguration.Builder routes =
        RouteConfiguration.newBuilder()
            .setName(target.name())
            .addAllVirtualHosts(hosts)
            .setValidateClusters(ProtoValues.FALSE)
            .setMaxDirectResponseBodySizeBytes(ProtoValues.uint32(DIRECT_RESPONSE_BYTES_MAX))
            .setIgnorePortInHostMatching(!target.proxy());
    return new GeneratedResource(target.name(), routes.build(), List.copyOf(origins));
  }

  /** Only the service that the name tells, for every authority: the address has decided already. */
  private List<VirtualHost> sniffed(Target target, List<VirtualHost> hosts) {
    return hosts.stream()
        .filter(host -> host.getName().equals(target.name()))
        .map(host -> host.toBuilder().clearDomains().addDomains("*").build())
        .findFirst()
        .map(List::of)
        .orElseGet(() -> List.of(unknownHosts(target)));
  }

  /** Virtual services first, then every service port that none of them is for. */
  private List<Group> groups(Target target, SidecarScope.EgressListener egress) {
    Map<String, MeshService> services = new LinkedHashMap<>();
    for (MeshService service : servicesOf(target, egress)) {
      services.merge(service.hostname(), service, SidecarRoutes::preferred);
    }
    List<Group> groups = new ArrayList<>();
    Set<String> handled = new HashSet<>();
    List<Resource<VirtualService>> rules = egress.virtualServices();
    for (Resource<VirtualService> rule : rules) {
      groups.addAll(ofRule(target, rule, rules, services, handled));
    }
    for (MeshService service : services.values()) {
      for (ServicePort port : httpPorts(service, target)) {
        if (!handled.contains(hostAndPort(service, port.number()))) {
          groups.add(
              new Group(
                  port.number(),
                  List.of(service),
                  List.of(),
                  List.of(toItself(service, port.number())),
                  service.origin()));
        }
      }
    }
    return groups;
  }

  private static MeshService preferred(MeshService present, MeshService later) {
    return present.attributes().source() != MeshService.Source.KUBERNETES
            && later.attributes().source() == MeshService.Source.KUBERNETES
        ? later
        : present;
  }

  /** Host names of ExternalName services that stand for a service. */
  private List<String> aliases(MeshService service) {
    return scope.allServices().stream()
        .filter(other -> other.resolution() == Resolution.ALIAS)
        .filter(other -> other.attributes().externalName().equals(service.hostname()))
        .map(MeshService::hostname)
        .toList();
  }

  /** The egress entry that decides for a port: the first with that port, else one for all. */
  private Optional<SidecarScope.EgressListener> egress(Target target) {
    for (SidecarScope.EgressListener listener : scope.egress()) {
      Optional<io.meltemi.config.traffic.Port> port =
          listener.config().flatMap(Sidecar.Egress::port);
      boolean mine =
          target.name().startsWith(UNIX_PREFIX)
              ? listener.config().filter(c -> c.bind().equals(target.name())).isPresent()
              : port.isEmpty() || (port.get().number() == target.port() && !isUnix(listener));
      if (mine) {
        return Optional.of(listener);
      }
    }
    if (target.name().startsWith(UNIX_PREFIX)) {
      return Optional.empty();
    }
    if (target.proxy() && !scope.egress().isEmpty()) {
      return Optional.of(
          new SidecarScope.EgressListener(
              Optional.empty(),
              List.copyOf(scope.allServices()),
              scope.egress().stream()
                  .flatMap(listener -> listener.virtualServices().stream())
                  .distinct()
                  .toList()));
    }
    return Optional.empty();
  }

  private static boolean isUnix(SidecarScope.EgressListener listener) {
    return listener.config().filter(c -> c.bind().startsWith(UNIX_PREFIX)).isPresent();
  }

  private static List<MeshService> servicesOf(Target target, SidecarScope.EgressListener egress) {
    return egress.services().stream()
        .filter(service -> service.resolution() != Resolution.ALIAS)
        .filter(service -> target.proxy() || service.port(target.port()).isPresent())
        .toList();
  }

  private static List<ServicePort> httpPorts(MeshService service, Target target) {
    return service.ports().stream()
        .filter(port -> port.protocol().isHttp() || port.protocol().isUnsupported())
        .filter(port -> target.proxy() || port.number() == target.port())
        .toList();
  }

  /** The groups of one virtual service; a host that an older one has taken is not taken again. */
  private List<Group> ofRule(
      Target target,
      Resource<VirtualService> rule,
      List<Resource<VirtualService>> rules,
      Map<String, MeshService> services,
      Set<String> handled) {
    List<MeshService> mine = new ArrayList<>();
    List<String> others = new ArrayList<>();
    for (String host : rule.spec().hosts()) {
      boolean found = false;
      for (MeshService service : covered(host, services)) {
        found = true;
        if (isMostSpecific(host, service, rules)) {
          mine.add(service);
        }
      }
      if (!found) {
        others.add(host);
      }
    }
    if (GatewayApi.isGatewayRoute(rule)) {
      // such a route is for clients of its own namespace, or for all when it is the service's
      mine.removeIf(
          service ->
              !service.namespace().equals(rule.namespace())
                  && !node.namespace().equals(rule.namespace()));
      if (mine.isEmpty()) {
        return List.of();
      }
    }
    Map<Integer, List<MeshService>> byPort = new TreeMap<>();
    for (MeshService service : mine) {
      for (ServicePort port : httpPorts(service, target)) {
        byPort.computeIfAbsent(port.number(), _ -> new ArrayList<>()).add(service);
      }
    }
    boolean anyHttpPort = mine.stream().anyMatch(service -> !httpPorts(service, target).isEmpty());
    if (!anyHttpPort && (target.port() == HTTP_PORT || target.proxy())) {
      // hosts that no service is known for can be called on port 80
      byPort.put(HTTP_PORT, List.of());
    }
    List<Group> groups = new ArrayList<>();
    byPort.forEach(
        (port, portServices) -> {
          List<Route> routes = routes(rule, port);
          if (!routes.isEmpty()) {
            List<MeshService> fresh =
                portServices.stream()
                    .filter(service -> !handled.contains(hostAndPort(service, port)))
                    .toList();
            groups.add(new Group(port, fresh, others, routes, rule.origin()));
          }
        });
    groups.forEach(
        group ->
            group.services().forEach(service -> handled.add(hostAndPort(service, group.port()))));
    return groups;
  }

  private static String hostAndPort(MeshService service, int port) {
    return service.hostname() + ':' + port;
  }

  private static List<MeshService> covered(String host, Map<String, MeshService> services) {
    if (!HostNames.isWildcard(host)) {
      return Optional.ofNullable(services.get(host)).map(List::of).orElseGet(List::of);
    }
    return services.values().stream()
        .filter(service -> HostNames.isSubsetOf(service.hostname(), host))
        .toList();
  }

  /** False when another virtual service names the service more exactly than this host does. */
  private static boolean isMostSpecific(
      String host, MeshService service, List<Resource<VirtualService>> rules) {
    return rules.stream()
        .flatMap(rule -> rule.spec().hosts().stream())
        .filter(other -> HostNames.isSubsetOf(service.hostname(), other))
        .noneMatch(
            other ->
                HostNames.isWildcard(host)
                    && (!HostNames.isWildcard(other) || other.length() > host.length()));
  }

  private List<Route> routes(Resource<VirtualService> rule, int port) {
    return new HttpRoutes(
            RuleScope.mesh(node),
            policies,
            context.mesh().upstream().defaultHttpRetryPolicy(),
            new HttpRoutes.Entrance(
                port, false, false, context.mesh().defaultConfig().switches().forwardedHost()))
        .of(rule);
  }

  /** The route of a service that no virtual service is for. */
  private Route toItself(MeshService service, int port) {
    Destination destination = new Destination(service.hostname(), "", OptionalInt.of(port));
    String cluster = Destinations.cluster(destination, Optional.of(service), port);
    RouteAction.Builder action =
        withoutTimeout(RouteAction.newBuilder().setCluster(cluster))
            .addAllHashPolicy(policies.hash(service, port, ""));
    RetryPolicies.of(context.mesh().upstream().defaultHttpRetryPolicy(), false)
        .ifPresent(action::setRetryPolicy);
    return Route.newBuilder()
        .setName("default")
        .setMatch(RouteMatches.ANY)
        .setRoute(action)
        .setDecorator(Decorator.newBuilder().setOperation(service.hostname() + ':' + port + "/*"))
        .build();
  }

  @SuppressWarnings("deprecation") // max_grpc_timeout: the same field as Istio, for equal output
  private static RouteAction.Builder withoutTimeout(RouteAction.Builder action) {
    return action
        .setTimeout(Duration.getDefaultInstance())
        .setMaxGrpcTimeout(Duration.getDefaultInstance());
  }

  private static List<String> domains(Target target, int port, List<String> domains) {
    if (!target.proxy()) {
      return domains;
    }
    List<String> all = new ArrayList<>(Domains.withPort(domains, port));
    if (port == HTTP_PORT) {
      all.addAll(domains);
    }
    return all;
  }

  /** Nothing when another host has the name, or every domain, already. */
  private static Optional<VirtualHost> host(
      Group group, String host, List<String> domains, Set<String> names, Set<String> taken) {
    String name = host + ':' + group.port();
    if (!names.add(name)) {
      return Optional.empty();
    }
    List<String> free =
        domains.stream().filter(domain -> taken.add(domain.toLowerCase(Locale.ROOT))).toList();
    if (free.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        VirtualHost.newBuilder()
            .setName(name)
            .addAllDomains(free)
            .addAllRoutes(group.routes())
            .setIncludeRequestAttemptCount(true)
            .build());
  }

  private VirtualHost unknownHosts(Target target) {
    OutboundTrafficPolicy policy = scope.outboundTrafficPolicy();
    boolean block = policy.mode() == OutboundTrafficPolicy.Mode.REGISTRY_ONLY;
    boolean nowhereToPass =
        target.proxy() && node.placement().isPresent() && policy.egressProxy().isEmpty();
    String name = block ? "block_all" : "allow_any";
    Route.Builder route = Route.newBuilder().setName(name).setMatch(RouteMatches.ANY);
    if (block || nowhereToPass) {
      DirectResponseAction.Builder answer =
          DirectResponseAction.newBuilder().setStatus(BAD_GATEWAY);
      if (target.proxy() && node.placement().isPresent()) {
        answer.setBody(
            DataSource.newBuilder()
                .setInlineString(
                    "no such host in the mesh: add a ServiceEntry, or ask for host:port of a"
                        + " service port that speaks HTTP\n"));
      }
      route.setDirectResponse(answer);
    } else {
      route.setRoute(
          withoutTimeout(
              RouteAction.newBuilder()
                  .setCluster(
                      policy
                          .egressProxy()
                          .map(SidecarRoutes::egressProxy)
                          .orElse(
                              policy.mode() == OutboundTrafficPolicy.Mode.ALLOW_ANY_DYNAMIC_DNS
                                  ? DynamicDns.ANY_HOST_CLUSTER
                                  : ClusterNames.PASSTHROUGH))));
    }
    return VirtualHost.newBuilder()
        .setName(name)
        .addDomains("*")
        .addRoutes(route)
        .setIncludeRequestAttemptCount(true)
        .build();
  }

  private static String egressProxy(Destination destination) {
    return ClusterNames.outbound(
        destination.port().orElse(HTTP_PORT), destination.subset(), destination.host());
  }
}
