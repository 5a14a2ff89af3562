package io.meltemi.controlplane.translate.listener;

import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.TrafficDirection;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.FilterChainMatch;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.kind.virtualservice.TcpRoute;
import io.meltemi.config.kind.virtualservice.TlsRoute;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.Problem;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.config.traffic.ServerTls;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.GatewayServers;
import io.meltemi.controlplane.translate.PassedServices;
import io.meltemi.controlplane.translate.RuleScope;
import io.meltemi.controlplane.translate.TlsContexts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The listeners of a gateway proxy, one per port of its servers. A port without any filter chain
 * gets none, so that connections to it are refused.
 */
final class GatewayListeners {
  private final ProxyNode node;
  private final PushContext context;
  private final ConnectionManagers managers;
  private final TcpProxies proxies;
  private final NetworkGuards guards;

  GatewayListeners(ProxyNode node, PushContext context) {
    this.node = node;
    this.context = context;
    this.managers = new ConnectionManagers(node, context);
    this.proxies = new TcpProxies(node, context);
    this.guards = new NetworkGuards(node, context);
  }

  List<GeneratedResource> listeners() {
    List<GeneratedResource> listeners = new ArrayList<>();
    for (GatewayServers.Port port : GatewayServers.of(node, context).ports()) {
      listener(port).ifPresent(listeners::add);
    }
    return listeners;
  }

  private Optional<GeneratedResource> listener(GatewayServers.Port port) {
    List<FilterChain> chains =
        switch (port.kind()) {
          case HTTP -> List.of(http(port));
          case TCP ->
              tcp(port.servers().getFirst(), FilterChainMatch.getDefaultInstance())
                  .map(List::of)
                  .orElseGet(List::of);
          case TLS -> tls(port);
        };
    if (chains.isEmpty()) {
      return Optional.empty();
    }
    Listener.Builder listener =
        OutboundListeners.base(port.bind(), TrafficDirection.OUTBOUND, true)
            .addAllFilterChains(chains)
            .addAllAccessLog(AccessLogs.ofListener(context.mesh()));
    if (node.metadata()
        .gatewayTopology()
        .orElse(context.mesh().defaultConfig().gatewayTopology())
        .proxyProtocol()) {
      listener.addListenerFilters(ListenerFilters.PROXY_PROTOCOL);
    }
    if (port.kind() == GatewayServers.Kind.TLS) {
      listener.addListenerFilters(ListenerFilters.TLS_INSPECTOR);
    }
    Set<Origin> origins = new LinkedHashSet<>();
    port.servers().forEach(server -> origins.add(server.gateway().origin()));
    return Optional.of(
        new GeneratedResource(listener.getName(), listener.build(), List.copyOf(origins)));
  }

  private FilterChain http(GatewayServers.Port port) {
    return FilterChains.of(
        FilterChainMatch.getDefaultInstance(),
        manager(port, port.servers().getFirst().routeName()));
  }

  private List<Filter> manager(GatewayServers.Port port, String routeName) {
    return guards.requests(
        ListenerClass.GATEWAY,
        port.bind().port(),
        managers.withRds(
            ListenerClass.GATEWAY,
            port.bind().port(),
            "outbound_" + OutboundListeners.name(port.bind()) + ';',
            routeName,
            Http1ProtocolOptions.getDefaultInstance()));
  }

  /** The first {@code tcp} rule for the server. */
  private Optional<FilterChain> tcp(GatewayServers.Server server, FilterChainMatch names) {
    RuleScope rules = RuleScope.of(node, server.gatewayName());
    for (Resource<VirtualService> rule : rulesOf(server)) {
      for (TcpRoute tcp : rule.spec().tcp()) {
        boolean mine =
            tcp.match().isEmpty()
                || tcp.match().stream()
                    .anyMatch(match -> rules.includes(match.source(), match.port(), server.port()));
        if (mine) {
          return Optional.of(chain(names, tcp.route(), rule, server));
        }
      }
    }
    return Optional.empty();
  }

  private List<FilterChain> tls(GatewayServers.Port port) {
    List<FilterChain> chains = new ArrayList<>();
    for (GatewayServers.Server server : port.servers()) {
      List<FilterChain> candidates =
          switch (server.tlsMode()) {
            case SIMPLE, MUTUAL, ISTIO_MUTUAL, OPTIONAL_MUTUAL ->
                ended(port, server).map(List::of).orElseGet(List::of);
            case PASSTHROUGH -> passthrough(server);
            case AUTO_PASSTHROUGH -> automaticPassthrough(server);
          };
      chains.addAll(candidates);
    }
    return FilterChains.distinct(chains);
  }

  /** TLS that ends here: requests go on by routes, byte streams by {@code tcp} rules. */
  private Optional<FilterChain> ended(GatewayServers.Port port, GatewayServers.Server server) {
    FilterChainMatch names = FilterChains.destinations(server.hosts(), List.of());
    boolean http = server.spec().port().protocol() == Protocol.HTTPS;
    Optional<FilterChain> chain =
        http
            ? Optional.of(FilterChains.of(names, manager(port, server.routeName())))
            : tcp(server, names);
    List<String> alpn =
        !http && server.tlsMode() == ServerTls.Mode.ISTIO_MUTUAL
            ? TlsContexts.ALPN_TCP
            : TlsContexts.ALPN_HTTP;
    return chain.map(
        plain ->
            plain.toBuilder()
                .setTransportSocket(
                    TlsContexts.gateway(
                        server.spec().tls().orElseThrow(), node, context.mesh(), alpn))
                .build());
  }

  /** What was left out: servers, and server names of rules that an older rule has. */
  List<Problem> problems() {
    GatewayServers servers = GatewayServers.of(node, context);
    List<Problem> problems = new ArrayList<>(servers.problems());
    for (GatewayServers.Port port : servers.ports()) {
      Map<String, Resource<VirtualService>> takenBy = new HashMap<>();
      for (GatewayServers.Server server : port.servers()) {
        if (server.tlsMode() == ServerTls.Mode.PASSTHROUGH) {
          rulesOf(server).forEach(rule -> addTakenNames(rule, server, takenBy, problems));
        }
      }
    }
    return problems;
  }

  private void addTakenNames(
      Resource<VirtualService> rule,
      GatewayServers.Server server,
      Map<String, Resource<VirtualService>> takenBy,
      List<Problem> problems) {
    RuleScope rules = RuleScope.of(node, server.gatewayName());
    for (int i = 0; i < rule.spec().tls().size(); i++) {
      List<TlsRoute.Match> matches = rule.spec().tls().get(i).match();
      for (int j = 0; j < matches.size(); j++) {
        TlsRoute.Match match = matches.get(j);
        if (!match.destinationSubnets().isEmpty()
            || !rules.includes(match.source(), match.port(), server.port())) {
          continue;
        }
        for (String name : match.sniHosts()) {
          Resource<VirtualService> first = takenBy.putIfAbsent(name, rule);
          if (first != null) {
            problems.add(
                new Problem(
                    Problem.Severity.WARNING,
                    rule.toString(),
                    new Violation(
                        rule.origin(),
                        "spec.tls[" + i + "].match[" + j + "].sniHosts",
                        name,
                        "a name that no rule before it has; it goes where " + first + " says")));
          }
        }
      }
    }
  }

  /** A chain per {@code tls} match block. */
  private List<FilterChain> passthrough(GatewayServers.Server server) {
    List<FilterChain> chains = new ArrayList<>();
    RuleScope rules = RuleScope.of(node, server.gatewayName());
    for (Resource<VirtualService> rule : rulesOf(server)) {
      for (TlsRoute tls : rule.spec().tls()) {
        for (TlsRoute.Match match : tls.match()) {
          if (rules.includes(match.source(), match.port(), server.port())) {
            chains.add(
                chain(
                    FilterChains.destinations(match.sniHosts(), match.destinationSubnets()),
                    tls.route(),
                    rule,
                    server));
          }
        }
      }
    }
    return chains;
  }

  /**
   * A chain per service port and subset of the server's hosts, by the name that clients ask for.
   */
  private List<FilterChain> automaticPassthrough(GatewayServers.Server server) {
    List<FilterChain> chains = new ArrayList<>();
    for (ClusterNames.Outbound target : PassedServices.of(server, node, context)) {
      String name = ClusterNames.serverName(target.port(), target.subset(), target.host());
      chains.add(
          FilterChains.of(
              FilterChains.mutualTls(name), allowed(server.port(), proxies.toCluster(name))));
    }
    return chains;
  }

  private List<Filter> allowed(int port, Filter proxy) {
    return guards.bytes(ListenerClass.GATEWAY, port, List.of(proxy));
  }

  private List<Resource<VirtualService>> rulesOf(GatewayServers.Server server) {
    return context.virtualServices(server.gatewayName(), node.namespace()).stream()
        .filter(rule -> !server.hostsOf(rule).isEmpty())
        .toList();
  }

  private FilterChain chain(
      FilterChainMatch match,
      List<TcpRoute.WeightedDestination> route,
      Resource<VirtualService> rule,
      GatewayServers.Server server) {
    return FilterChains.of(
        match, allowed(server.port(), proxies.toRoute(route, rule, server.port())));
  }
}
