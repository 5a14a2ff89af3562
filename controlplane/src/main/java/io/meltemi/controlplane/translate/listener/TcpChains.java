package io.meltemi.controlplane.translate.listener;

import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.meltemi.config.kind.virtualservice.TcpRoute;
import io.meltemi.config.kind.virtualservice.TlsRoute;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.controlplane.registry.HostNames;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServicePort;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.RuleScope;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The filter chains of one service port that is forwarded as bytes: by the {@code tls} or {@code
 * tcp} rules of virtual services for its host, else straight to the service.
 */
final class TcpChains {
  private final RuleScope rules;
  private final TcpProxies proxies;
  private final NetworkGuards guards;

  TcpChains(RuleScope rules, TcpProxies proxies, NetworkGuards guards) {
    this.rules = rules;
    this.proxies = proxies;
    this.guards = guards;
  }

  /**
   * At least one chain.
   *
   * @param listenPort the listener's port and protocol
   * @param ranges the service's address ranges when the listener stands on all addresses for them
   * @param wildcard the listener stands on all addresses
   */
  List<FilterChain> of(
      MeshService service,
      ServicePort listenPort,
      List<String> ranges,
      boolean wildcard,
      List<Resource<VirtualService>> virtualServices) {
    List<Resource<VirtualService>> mine =
        virtualServices.stream()
            .filter(
                rule ->
                    rule.spec().hosts().stream()
                        .anyMatch(host -> HostNames.isSubsetOf(service.hostname(), host)))
            .toList();
    return listenPort.protocol().isTls()
        ? tls(service, listenPort, ranges, wildcard, mine)
        : tcp(service, listenPort, ranges, mine);
  }

  private List<FilterChain> tls(
      MeshService service,
      ServicePort listenPort,
      List<String> ranges,
      boolean wildcard,
      List<Resource<VirtualService>> virtualServices) {
    List<FilterChain> chains = new ArrayList<>();
    // of match blocks that are alike at run time only the first can be reached
    Set<Set<String>> seen = new LinkedHashSet<>();
    for (Resource<VirtualService> rule : virtualServices) {
      for (TlsRoute tls : rule.spec().tls()) {
        for (TlsRoute.Match match : tls.match()) {
          if (!rules.includes(match.source(), match.port(), listenPort.number())
              || !seen.add(runtimeConditions(match))) {
            continue;
          }
          List<String> subnets =
              match.destinationSubnets().isEmpty() ? ranges : match.destinationSubnets();
          chains.add(
              FilterChains.of(
                      FilterChains.destinations(match.sniHosts(), subnets),
                      guarded(
                          listenPort,
                          List.of(proxies.toRoute(tls.route(), rule, listenPort.number()))))
                  .toBuilder()
                  .setMetadata(ProtoValues.configMetadata(rule))
                  .build());
        }
      }
    }
    if (chains.isEmpty()) {
      boolean nameNeeded = wildcard || !ranges.isEmpty();
      chains.add(
          FilterChains.of(
              FilterChains.destinations(
                  nameNeeded ? List.of(service.hostname()) : List.of(), ranges),
              guarded(listenPort, proxies.toService(service, servicePort(service, listenPort)))));
    }
    return chains;
  }

  private static Set<String> runtimeConditions(TlsRoute.Match match) {
    Set<String> conditions = new LinkedHashSet<>();
    match.sniHosts().stream().sorted().forEach(host -> conditions.add("sni " + host));
    match.destinationSubnets().stream().sorted().forEach(net -> conditions.add("net " + net));
    return conditions;
  }

  private List<FilterChain> tcp(
      MeshService service,
      ServicePort listenPort,
      List<String> ranges,
      List<Resource<VirtualService>> virtualServices) {
    List<FilterChain> chains = new ArrayList<>();
    for (Resource<VirtualService> rule : virtualServices) {
      for (TcpRoute tcp : rule.spec().tcp()) {
        List<String> subnets = new ArrayList<>();
        boolean everyDestination = tcp.match().isEmpty();
        for (TcpRoute.Match match : tcp.match()) {
          if (rules.includes(match.source(), match.port(), listenPort.number())) {
            everyDestination |= match.destinationSubnets().isEmpty();
            subnets.addAll(match.destinationSubnets());
          }
        }
        if (!everyDestination && subnets.isEmpty()) {
          continue;
        }
        chains.add(
            FilterChains.of(
                    FilterChains.destinations(List.of(), everyDestination ? ranges : subnets),
                    guarded(
                        listenPort,
                        List.of(proxies.toRoute(tcp.route(), rule, listenPort.number()))))
                .toBuilder()
                .setMetadata(ProtoValues.configMetadata(rule))
                .build());
        if (everyDestination) {
          return chains;
        }
      }
    }
    FilterChain rest =
        FilterChains.of(
            FilterChains.destinations(List.of(), ranges),
            guarded(listenPort, proxies.toService(service, servicePort(service, listenPort))));
    boolean covered =
        chains.stream()
            .anyMatch(chain -> chain.getFilterChainMatch().equals(rest.getFilterChainMatch()));
    if (!covered) {
      chains.add(rest);
    }
    return chains;
  }

  private List<Filter> guarded(ServicePort port, List<Filter> last) {
    return guards.bytes(ListenerClass.SIDECAR_OUTBOUND, port.number(), last);
  }

  /** The only port of the service, else the one that is listened on. */
  private static int servicePort(MeshService service, ServicePort listenPort) {
    return service.ports().size() == 1 ? service.ports().getFirst().number() : listenPort.number();
  }
}
