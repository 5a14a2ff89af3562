package io.meltemi.controlplane.translate.listener;

import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.TrafficDirection;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.FilterChainMatch;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.kind.virtualservice.TcpRoute;
import io.meltemi.config.kind.virtualservice.TlsRoute;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.translate.DestinationPolicies;
import io.meltemi.controlplane.translate.GatewayServers;
import io.meltemi.controlplane.translate.RuleScope;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
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

  GatewayListeners(ProxyNode node, PushContext context) {
    this.node = node;
    this.context = context;
    this.managers = new ConnectionManagers(node, context.mesh());
    this.proxies = new TcpProxies(context.mesh(), DestinationPolicies.of(node, context));
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
          case TCP -> tcp(port.servers().getFirst());
          case TLS -> passthrough(port.servers());
        };
    if (chains.isEmpty()) {
      return Optional.empty();
    }
    Listener.Builder listener =
        OutboundListeners.base(port.bind(), TrafficDirection.OUTBOUND, true)
            .addAllFilterChains(chains)
            .addAllAccessLog(AccessLogs.ofListener(context.mesh()));
    if (context.mesh().defaultConfig().gatewayTopology().proxyProtocol()) {
      listener.addListenerFilters(ListenerFilters.PROXY_PROTOCOL);
    }
    if (FilterChains.needTlsInspector(chains)) {
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
        List.of(
            managers.withRds(
                ListenerClass.GATEWAY,
                "outbound_" + OutboundListeners.name(port.bind()) + ';',
                port.servers().getFirst().routeName(),
                Http1ProtocolOptions.getDefaultInstance())));
  }

  /** The first {@code tcp} rule for the server. */
  private List<FilterChain> tcp(GatewayServers.Server server) {
    RuleScope rules = RuleScope.of(node, server.gatewayName());
    for (Resource<VirtualService> rule : rulesOf(server)) {
      for (TcpRoute tcp : rule.spec().tcp()) {
        boolean mine =
            tcp.match().isEmpty()
                || tcp.match().stream()
                    .anyMatch(match -> rules.includes(match.source(), match.port(), server.port()));
        if (mine) {
          return List.of(chain(FilterChainMatch.getDefaultInstance(), tcp.route(), rule, server));
        }
      }
    }
    return List.of();
  }

  /** A chain per {@code tls} match block; of blocks that are alike only the first is reached. */
  private List<FilterChain> passthrough(List<GatewayServers.Server> servers) {
    List<FilterChain> chains = new ArrayList<>();
    Set<FilterChainMatch> seen = new LinkedHashSet<>();
    for (GatewayServers.Server server : servers) {
      if (!server.passesTlsThrough()) {
        continue;
      }
      RuleScope rules = RuleScope.of(node, server.gatewayName());
      for (Resource<VirtualService> rule : rulesOf(server)) {
        for (TlsRoute tls : rule.spec().tls()) {
          for (TlsRoute.Match match : tls.match()) {
            FilterChainMatch names =
                FilterChains.destinations(match.sniHosts(), match.destinationSubnets());
            if (rules.includes(match.source(), match.port(), server.port()) && seen.add(names)) {
              chains.add(chain(names, tls.route(), rule, server));
            }
          }
        }
      }
    }
    return chains;
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
    return FilterChains.of(match, List.of(proxies.toRoute(route, rule, server.port())));
  }
}
