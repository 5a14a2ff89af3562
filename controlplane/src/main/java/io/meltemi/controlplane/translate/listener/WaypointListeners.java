package io.meltemi.controlplane.translate.listener;

import com.github.xds.core.v3.TypedExtensionConfig;
import com.github.xds.type.matcher.v3.IPMatcher;
import com.github.xds.type.matcher.v3.Matcher;
import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.protobuf.StringValue;
import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.SubstitutionFormatString;
import io.envoyproxy.envoy.config.core.v3.TrafficDirection;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.common.set_filter_state.v3.FilterStateValue;
import io.envoyproxy.envoy.extensions.filters.http.set_filter_state.v3.Config;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.ApplicationProtocolInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.kind.virtualservice.TcpRoute;
import io.meltemi.config.kind.virtualservice.TlsRoute;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.registry.ServicePort;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.RuleScope;
import io.meltemi.controlplane.translate.TlsContexts;
import io.meltemi.controlplane.translate.WaypointServices;
import io.meltemi.controlplane.translate.authz.AuthorizationFilters;
import io.meltemi.controlplane.translate.route.WaypointRoutes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The listeners of a waypoint: {@code connect_terminate} ends tunnels (HBONE) and hands what is in
 * them to {@code main_internal}, which chooses by the address that the tunnel is for the service
 * and executes its routes and policies; {@code connect_originate} makes tunnels to workloads.
 *
 * <p>Differs from Istio: only services are matched, not the addresses of workloads; peers' metadata
 * come with telemetry; what the tunnels themselves do is not logged; their peers' names are kept
 * under Envoy's own kind of text instead of that of Istio's build.
 */
final class WaypointListeners {
  private static final String CONNECT_TERMINATE = "connect_terminate";
  private static final int TUNNEL_PORT = 15_008;

  private final ProxyNode node;
  private final PushContext context;
  private final WaypointServices services;
  private final WaypointRoutes routes;
  private final TcpProxies proxies;
  private final RuleScope scope;

  WaypointListeners(ProxyNode node, PushContext context) {
    this.node = node;
    this.context = context;
    this.services = WaypointServices.of(node, context);
    this.routes = new WaypointRoutes(node, context, services);
    this.proxies = new TcpProxies(node, context);
    this.scope = RuleScope.mesh(node);
  }

  /** Without a service behind it nothing stands inside, and tunnels are answered with 503. */
  List<GeneratedResource> listeners() {
    List<GeneratedResource> listeners = new ArrayList<>();
    listeners.add(resource(connectTerminate(), Set.of()));
    Inside inside = new Inside();
    for (MeshService service : services.services()) {
      inside.add(service);
    }
    if (inside.addresses.getRangeMatchersCount() > 0) {
      listeners.add(resource(inside.listener(), inside.origins));
    }
    listeners.add(resource(connectOriginate(), Set.of()));
    return listeners;
  }

  private static GeneratedResource resource(Listener listener, Set<Origin> origins) {
    return new GeneratedResource(listener.getName(), listener, List.copyOf(origins));
  }

  // ---- tunnels

  private Listener connectTerminate() {
    RouteConfiguration toInside =
        RouteConfiguration.newBuilder()
            .setName(CONNECT_TERMINATE)
            .addVirtualHosts(
                VirtualHost.newBuilder()
                    .setName("default")
                    .addDomains("*")
                    .addRoutes(
                        Route.newBuilder()
                            .setMatch(
                                RouteMatch.newBuilder()
                                    .setConnectMatcher(
                                        RouteMatch.ConnectMatcher.getDefaultInstance()))
                            .setRoute(
                                RouteAction.newBuilder()
                                    .setCluster(ClusterNames.MAIN_INTERNAL)
                                    .addUpgradeConfigs(
                                        RouteAction.UpgradeConfig.newBuilder()
                                            .setUpgradeType("CONNECT")
                                            .setConnectConfig(
                                                RouteAction.UpgradeConfig.ConnectConfig
                                                    .getDefaultInstance())))))
            .build();
    boolean version6 = node.ip().indexOf(':') >= 0;
    return Listener.newBuilder()
        .setName(CONNECT_TERMINATE)
        .setAddress(OutboundListeners.address(new HostPort(version6 ? "::" : bind(), TUNNEL_PORT)))
        .addAllAccessLog(AccessLogs.ofListener(context.mesh()))
        .addFilterChains(
            FilterChain.newBuilder()
                .setName("default")
                .setTransportSocket(TlsContexts.tunnelServer(context.mesh()))
                .addFilters(ConnectionManagers.tunnels(toInside, connectAuthority())))
        .setConnectionBalanceConfig(
            Listener.ConnectionBalanceConfig.newBuilder()
                .setExactBalance(
                    Listener.ConnectionBalanceConfig.ExactBalance.getDefaultInstance()))
        .build();
  }

  /** Where proxies share a machine each has an address of its own. */
  private String bind() {
    return node.placement().isPresent() ? node.ip() : MeshService.ANY_ADDRESS;
  }

  /** What the listener inside is told of the tunnel. */
  private static HttpFilter connectAuthority() {
    return HttpFilter.newBuilder()
        .setName("connect_authority")
        .setTypedConfig(
            Any.pack(
                Config.newBuilder()
                    .addOnRequestHeaders(
                        state("envoy.filters.listener.original_dst.local_ip", "%REQ(:AUTHORITY)%"))
                    .addOnRequestHeaders(text("io.istio.connect_authority", "%REQ(:AUTHORITY)%"))
                    .addOnRequestHeaders(
                        state(
                            "envoy.filters.listener.original_dst.remote_ip",
                            "%DOWNSTREAM_REMOTE_ADDRESS%"))
                    .addOnRequestHeaders(
                        text("io.istio.peer_principal", "%DOWNSTREAM_PEER_URI_SAN%"))
                    .addOnRequestHeaders(
                        text("io.istio.local_principal", "%DOWNSTREAM_LOCAL_URI_SAN%"))
                    .build()))
        .build();
  }

  private static FilterStateValue.Builder text(String key, String format) {
    return state(key, format).setFactoryKey("envoy.hashable_string");
  }

  private static FilterStateValue.Builder state(String key, String format) {
    return FilterStateValue.newBuilder()
        .setObjectKey(key)
        .setFormatString(
            SubstitutionFormatString.newBuilder()
                .setTextFormatSource(DataSource.newBuilder().setInlineString(format)))
        .setSharedWithUpstream(FilterStateValue.SharedWithUpstream.ONCE);
  }

  private static Listener connectOriginate() {
    return Listener.newBuilder()
        .setName(ClusterNames.CONNECT_ORIGINATE)
        .setUseOriginalDst(ProtoValues.FALSE)
        .setInternalListener(Listener.InternalListenerConfig.getDefaultInstance())
        .addListenerFilters(ListenerFilters.ORIGINAL_DST)
        .addFilterChains(
            FilterChain.newBuilder()
                .addFilters(TcpProxies.toTunnel(ClusterNames.CONNECT_ORIGINATE)))
        .build();
  }

  // ---- services

  /** The listener inside, while services are added to it. */
  private final class Inside {
    final IPMatcher.Builder addresses = IPMatcher.newBuilder();
    final Set<Origin> origins = new LinkedHashSet<>();
    private final List<FilterChain> chains = new ArrayList<>();

    /** What connections to a port are, of all services. */
    private final Map<Integer, Set<String>> kinds = new LinkedHashMap<>();

    private final Set<Integer> tlsPorts = new TreeSet<>();

    void add(MeshService service) {
      List<String> own =
          service.addresses(true).stream()
              .filter(address -> !address.equals(MeshService.ANY_ADDRESS))
              .toList();
      if (own.isEmpty()) {
        return;
      }
      AuthorizationFilters policies = AuthorizationFilters.of(node, service, context);
      ConnectionManagers managers = new ConnectionManagers(node, context, policies);
      NetworkGuards guards = new NetworkGuards(node, context, policies);
      Map<String, Matcher.OnMatch> ports = new LinkedHashMap<>();
      for (ServicePort port : service.ports()) {
        if (port.protocol() == Protocol.UDP) {
          continue;
        }
        List<String> found = WaypointServices.kinds(port);
        if (found.contains(WaypointServices.TCP)) {
          chains.add(bytes(service, port, guards));
        }
        if (found.contains(WaypointServices.HTTP)) {
          chains.add(requests(service, port, managers, guards));
        }
        ports.put(Integer.toString(port.number()), choice(service, port, found));
        kinds.computeIfAbsent(port.number(), _ -> new TreeSet<>()).addAll(found);
        if (port.protocol().isTls()) {
          tlsPorts.add(port.number());
        }
      }
      if (!ports.isEmpty()) {
        addresses.addRangeMatchers(
            IPMatcher.IPRangeMatcher.newBuilder()
                .addAllRanges(own.stream().map(WaypointListeners::range).toList())
                .setOnMatch(then(byMap("port", DestinationPortInput.getDefaultInstance(), ports))));
        origins.add(service.origin());
        services.rules(service).forEach(rule -> origins.add(rule.origin()));
      }
    }

    Listener listener() {
      List<Integer> known =
          kinds.entrySet().stream()
              .filter(entry -> entry.getValue().size() == 1)
              .map(Map.Entry::getKey)
              .toList();
      Listener.Builder listener =
          Listener.newBuilder()
              .setName(ClusterNames.MAIN_INTERNAL)
              .setInternalListener(Listener.InternalListenerConfig.getDefaultInstance())
              .setTrafficDirection(TrafficDirection.INBOUND)
              .addAllAccessLog(AccessLogs.ofListener(context.mesh()))
              .addListenerFilters(ListenerFilters.ORIGINAL_DST)
              .addListenerFilters(ListenerFilters.but(ListenerFilters.HTTP_INSPECTOR, known));
      if (!tlsPorts.isEmpty()) {
        listener.addListenerFilters(
            ListenerFilters.but(
                ListenerFilters.TLS_INSPECTOR,
                kinds.keySet().stream().filter(port -> !tlsPorts.contains(port)).toList()));
      }
      return listener
          .addAllFilterChains(chains)
          .setFilterChainMatcher(
              Matcher.newBuilder()
                  .setMatcherTree(
                      Matcher.MatcherTree.newBuilder()
                          .setInput(extension("ip", DestinationIPInput.getDefaultInstance()))
                          .setCustomMatch(extension("ip", addresses.build()))))
          .build();
    }
  }

  private FilterChain requests(
      MeshService service, ServicePort port, ConnectionManagers managers, NetworkGuards guards) {
    return FilterChain.newBuilder()
        .setName(name(service, port, WaypointServices.HTTP))
        .addAllFilters(
            guards.requests(
                ListenerClass.WAYPOINT,
                port.number(),
                managers.behindWaypoint(
                    port.number(),
                    routes.of(service, port),
                    port.protocol().isHttp2(),
                    service.resolution() == Resolution.DYNAMIC_DNS)))
        .build();
  }

  private FilterChain bytes(MeshService service, ServicePort port, NetworkGuards guards) {
    return FilterChain.newBuilder()
        .setName(name(service, port, WaypointServices.TCP))
        .addAllFilters(
            guards.bytes(ListenerClass.WAYPOINT, port.number(), toDestinations(service, port)))
        .build();
  }

  /** By the first rule of TLS or TCP for the port, else to the service itself. */
  private List<Filter> toDestinations(MeshService service, ServicePort port) {
    List<Resource<VirtualService>> rules = services.rules(service);
    for (Resource<VirtualService> rule : rules) {
      for (TlsRoute tls : rule.spec().tls()) {
        boolean taken =
            tls.match().stream()
                .anyMatch(
                    match ->
                        match.sniHosts().equals(List.of(service.hostname()))
                            && match.destinationSubnets().isEmpty()
                            && scope.includes(match.source(), match.port(), port.number()));
        if (taken) {
          return List.of(proxies.toRoute(tls.route(), rule, port.number()));
        }
      }
    }
    for (Resource<VirtualService> rule : rules) {
      for (TcpRoute tcp : rule.spec().tcp()) {
        boolean taken =
            tcp.match().isEmpty()
                || tcp.match().stream()
                    .anyMatch(
                        match ->
                            match.destinationSubnets().isEmpty()
                                && scope.includes(match.source(), match.port(), port.number()));
        if (taken) {
          return List.of(proxies.toRoute(tcp.route(), rule, port.number()));
        }
      }
    }
    return proxies.toService(service, port.number());
  }

  private static String name(MeshService service, ServicePort port, String kind) {
    return ClusterNames.inboundVip(port.number(), kind, "", service.hostname());
  }

  // ---- choosing a chain

  private static Matcher.OnMatch choice(MeshService service, ServicePort port, List<String> kinds) {
    if (kinds.size() == 1) {
      return chain(name(service, port, kinds.getFirst()));
    }
    Matcher.OnMatch http = chain(name(service, port, WaypointServices.HTTP));
    Map<String, Matcher.OnMatch> protocols = new LinkedHashMap<>();
    protocols.put("'h2c'", http);
    protocols.put("'http/1.1'", http);
    return then(
        byMap("application-protocol", ApplicationProtocolInput.getDefaultInstance(), protocols)
            .toBuilder()
            .setOnNoMatch(chain(name(service, port, WaypointServices.TCP)))
            .build());
  }

  private static Matcher byMap(String name, Message input, Map<String, Matcher.OnMatch> choices) {
    return Matcher.newBuilder()
        .setMatcherTree(
            Matcher.MatcherTree.newBuilder()
                .setInput(extension(name, input))
                .setExactMatchMap(Matcher.MatcherTree.MatchMap.newBuilder().putAllMap(choices)))
        .build();
  }

  private static Matcher.OnMatch then(Matcher matcher) {
    return Matcher.OnMatch.newBuilder().setMatcher(matcher).build();
  }

  private static Matcher.OnMatch chain(String name) {
    return Matcher.OnMatch.newBuilder().setAction(extension(name, StringValue.of(name))).build();
  }

  private static TypedExtensionConfig extension(String name, Message config) {
    return TypedExtensionConfig.newBuilder().setName(name).setTypedConfig(Any.pack(config)).build();
  }

  private static com.github.xds.core.v3.CidrRange range(String address) {
    int slash = address.indexOf('/');
    String prefix = slash < 0 ? address : address.substring(0, slash);
    int whole = prefix.indexOf(':') >= 0 ? 128 : 32;
    return com.github.xds.core.v3.CidrRange.newBuilder()
        .setAddressPrefix(prefix)
        .setPrefixLen(
            UInt32Value.of(slash < 0 ? whole : Integer.parseInt(address.substring(slash + 1))))
        .build();
  }
}
