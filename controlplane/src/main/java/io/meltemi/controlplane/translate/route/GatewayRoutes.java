package io.meltemi.controlplane.translate.route;

import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.HostNames;
import io.meltemi.controlplane.translate.DestinationPolicies;
import io.meltemi.controlplane.translate.GatewayServers;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.RuleScope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The route configurations of a gateway: {@code http.PORT}, one virtual host per host that both a
 * server and a virtual service are for.
 *
 * <p>The routes of all virtual services for a host stand one after the other, those that take every
 * request last.
 */
final class GatewayRoutes {
  /** Exact names before wildcards, longer before shorter. */
  private static final Comparator<String> MOST_SPECIFIC_FIRST =
      Comparator.<String, Boolean>comparing(HostNames::isWildcard)
          .thenComparing(Comparator.<String, Integer>comparing(String::length).reversed())
          .thenComparing(Comparator.naturalOrder());

  private final ProxyNode node;
  private final PushContext context;
  private final GatewayServers servers;
  private final DestinationPolicies policies;

  GatewayRoutes(ProxyNode node, PushContext context) {
    this.node = node;
    this.context = context;
    this.servers = GatewayServers.of(node, context);
    this.policies = DestinationPolicies.of(node, context);
  }

  /** One host while routes are added to it. */
  private static final class Host {
    final String name;
    final List<Route> routes = new ArrayList<>();
    boolean redirectsToHttps;

    Host(String name) {
      this.name = name;
    }

    boolean answersAs(Host other) {
      return redirectsToHttps == other.redirectsToHttps && routes.equals(other.routes);
    }
  }

  /**
   * The configuration of a name. Without a server it has no hosts: a proxy asks for it while it
   * drains the listener of a Gateway that is gone.
   */
  GeneratedResource of(String name) {
    List<GatewayServers.Server> mine = servers.ofRoute(name);
    if (mine.isEmpty()) {
      return new GeneratedResource(
          name, RouteConfiguration.newBuilder().setName(name).build(), List.of());
    }
    Set<Origin> origins = new LinkedHashSet<>();
    Map<String, Host> hosts = new LinkedHashMap<>();
    for (GatewayServers.Server server : mine) {
      addRules(server, hosts, origins);
      addRedirects(server, hosts);
    }
    mine.forEach(server -> origins.add(server.gateway().origin()));
    List<VirtualHost> virtualHosts =
        hosts.isEmpty() ? List.of(blackHole(mine.getFirst().port())) : collapse(hosts);
    RouteConfiguration routes =
        RouteConfiguration.newBuilder()
            .setName(name)
            .addAllVirtualHosts(virtualHosts)
            .setValidateClusters(ProtoValues.FALSE)
            .setMaxDirectResponseBodySizeBytes(
                ProtoValues.uint32(SidecarRoutes.DIRECT_RESPONSE_BYTES_MAX))
            .setIgnorePortInHostMatching(true)
            .build();
    return new GeneratedResource(name, routes, List.copyOf(origins));
  }

  private void addRules(
      GatewayServers.Server server, Map<String, Host> hosts, Set<Origin> origins) {
    HttpRoutes translation =
        new HttpRoutes(
            RuleScope.of(node, server.gatewayName()),
            policies,
            context.mesh().upstream().defaultHttpRetryPolicy(),
            new HttpRoutes.Entrance(
                server.port(),
                server.spec().tls().isPresent(),
                true,
                context.mesh().defaultConfig().switches().forwardedHost()));
    for (Resource<VirtualService> rule :
        context.virtualServices(server.gatewayName(), node.namespace())) {
      Set<String> shared = server.hostsOf(rule);
      List<Route> routes = shared.isEmpty() ? List.of() : translation.of(rule);
      if (routes.isEmpty()) {
        continue;
      }
      origins.add(rule.origin());
      for (String name : shared) {
        Host host = hosts.computeIfAbsent(name, _ -> new Host(name + ':' + server.port()));
        host.routes.addAll(routes);
        host.redirectsToHttps |= server.redirectsToHttps();
      }
    }
  }

  /** Hosts of a redirecting server redirect even when no virtual service is for them. */
  private static void addRedirects(GatewayServers.Server server, Map<String, Host> hosts) {
    if (server.redirectsToHttps()) {
      for (Gateway.Host written : server.spec().hosts()) {
        String name = written.host();
        hosts.computeIfAbsent(name, _ -> new Host(name + ':' + server.port())).redirectsToHttps =
            true;
      }
    }
  }

  /** Hosts that answer alike become one virtual host, named after the most specific. */
  private static List<VirtualHost> collapse(Map<String, Host> hosts) {
    Map<Host, List<String>> domains = new LinkedHashMap<>();
    hosts.entrySet().stream()
        .sorted(Map.Entry.comparingByKey(MOST_SPECIFIC_FIRST))
        .forEach(
            entry -> {
              Host host = entry.getValue();
              Host like =
                  domains.keySet().stream().filter(host::answersAs).findFirst().orElse(host);
              domains.computeIfAbsent(like, _ -> new ArrayList<>()).add(entry.getKey());
            });
    List<VirtualHost> virtualHosts = new ArrayList<>();
    domains.forEach((host, names) -> virtualHosts.add(virtualHost(host, names)));
    virtualHosts.sort(Comparator.comparing(VirtualHost::getName));
    return virtualHosts;
  }

  private static VirtualHost virtualHost(Host host, List<String> domains) {
    VirtualHost.Builder virtualHost =
        VirtualHost.newBuilder()
            .setName(host.name)
            .addAllDomains(domains)
            .setIncludeRequestAttemptCount(true);
    host.routes.stream()
        .filter(route -> !RouteMatches.isCatchAll(route.getMatch()))
        .forEach(virtualHost::addRoutes);
    host.routes.stream()
        .filter(route -> RouteMatches.isCatchAll(route.getMatch()))
        .forEach(virtualHost::addRoutes);
    if (host.redirectsToHttps) {
      virtualHost.setRequireTls(VirtualHost.TlsRequirementType.ALL);
    }
    return virtualHost.build();
  }

  /** Answers 404 to everything. */
  private static VirtualHost blackHole(int port) {
    return VirtualHost.newBuilder().setName("blackhole:" + port).addDomains("*").build();
  }
}
