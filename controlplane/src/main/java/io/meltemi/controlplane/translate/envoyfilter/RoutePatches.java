package io.meltemi.controlplane.translate.envoyfilter;

import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.meltemi.config.kind.envoyfilter.PatchMatch;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.translate.GatewayServers;
import io.meltemi.controlplane.translate.envoyfilter.Patches.Patch;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Patches of route configurations, virtual hosts and routes. */
final class RoutePatches {
  private final ProxyNode node;
  private final PushContext context;
  private final List<Patch> patches;

  RoutePatches(ProxyNode node, PushContext context, List<Patch> patches) {
    this.node = node;
    this.context = context;
    this.patches = patches;
  }

  List<GeneratedResource> apply(List<GeneratedResource> resources) {
    List<GeneratedResource> result = new ArrayList<>();
    for (GeneratedResource resource : resources) {
      RouteConfiguration routes = (RouteConfiguration) resource.body();
      Set<Patch> applied = new LinkedHashSet<>();
      for (Patch patch : patches) {
        RouteConfiguration after = apply(routes, patch, false);
        if (!after.equals(routes)) {
          applied.add(patch);
          routes = after;
        }
      }
      // a proxy waits for the name that it asked for
      result.add(
          Patched.of(
              resource,
              resource.name(),
              routes.toBuilder().setName(resource.name()).build(),
              applied));
    }
    return result;
  }

  /**
   * The configuration after a patch, the same when the patch is not for it.
   *
   * @param inbound it is the configuration of a port of the workload
   */
  RouteConfiguration apply(RouteConfiguration routes, Patch patch, boolean inbound) {
    if (!isFor(patch.match(), routes, inbound)) {
      return routes;
    }
    return switch (patch.applyTo()) {
      case ROUTE_CONFIGURATION ->
          patch.merges() ? patch.merge().merge(routes, patch.value()) : routes;
      case VIRTUAL_HOST -> virtualHosts(routes, patch);
      case HTTP_ROUTE -> routes(routes, patch);
      default -> routes;
    };
  }

  private boolean isFor(PatchMatch match, RouteConfiguration routes, boolean inbound) {
    boolean side =
        switch (match.context()) {
          case ANY -> true;
          case SIDECAR_INBOUND -> inbound;
          case SIDECAR_OUTBOUND -> node.isSidecar() && !inbound;
          case GATEWAY -> node.isRouter();
          case WAYPOINT -> false;
        };
    return side && match.routes().map(wanted -> isFor(wanted, routes.getName())).orElse(true);
  }

  private boolean isFor(PatchMatch.OfRoutes wanted, String name) {
    if (!wanted.name().isEmpty() && !wanted.name().equals(name)) {
      return false;
    }
    if (node.isSidecar()) {
      return wanted.portNumber() == 0 || wanted.portNumber() == sidecarPort(name);
    }
    List<GatewayServers.Server> servers = GatewayServers.of(node, context).ofRoute(name);
    return (wanted.portNumber() == 0
            || servers.stream().anyMatch(server -> server.port() == wanted.portNumber())
            || name.equals("http." + wanted.portNumber()))
        && (wanted.portName().isEmpty()
            || servers.stream()
                .anyMatch(server -> server.spec().port().name().equals(wanted.portName())))
        && (wanted.gateway().isEmpty()
            || servers.stream().anyMatch(server -> server.gatewayName().equals(wanted.gateway())));
  }

  /** {@code PORT}, {@code HOST:PORT} or {@code inbound|PORT||}; 0 for any other name. */
  private static int sidecarPort(String name) {
    String port =
        name.startsWith("inbound|")
            ? name.split("\\|", -1)[1]
            : name.substring(name.lastIndexOf(':') + 1);
    try {
      return Integer.parseInt(port);
    } catch (NumberFormatException _) {
      return 0;
    }
  }

  private static Optional<PatchMatch.OfVirtualHost> wantedHost(Patch patch) {
    return patch.match().routes().flatMap(PatchMatch.OfRoutes::virtualHost);
  }

  private static boolean matches(Optional<PatchMatch.OfVirtualHost> wanted, VirtualHost host) {
    return wanted
        .map(
            match ->
                (match.name().isEmpty() || match.name().equals(host.getName()))
                    && (match.domainName().isEmpty()
                        || host.getDomainsList().contains(match.domainName())))
        .orElse(true);
  }

  private static RouteConfiguration virtualHosts(RouteConfiguration routes, Patch patch) {
    Optional<PatchMatch.OfVirtualHost> wanted = wantedHost(patch);
    List<VirtualHost> hosts =
        NamedList.apply(
            routes.getVirtualHostsList(),
            patch,
            (VirtualHost) patch.value(),
            false,
            host -> matches(wanted, host),
            (host, part) -> patch.merge().merge(host, part));
    return routes.toBuilder().clearVirtualHosts().addAllVirtualHosts(hosts).build();
  }

  private static RouteConfiguration routes(RouteConfiguration configuration, Patch patch) {
    Optional<PatchMatch.OfVirtualHost> wanted = wantedHost(patch);
    Optional<PatchMatch.OfRoute> route = wanted.flatMap(PatchMatch.OfVirtualHost::route);
    RouteConfiguration.Builder result = configuration.toBuilder();
    for (int i = 0; i < configuration.getVirtualHostsCount(); i++) {
      VirtualHost host = configuration.getVirtualHosts(i);
      if (matches(wanted, host)) {
        List<Route> routes =
            NamedList.apply(
                host.getRoutesList(),
                patch,
                (Route) patch.value(),
                route.isPresent(),
                candidate -> matches(route, candidate),
                (candidate, part) -> patch.merge().merge(candidate, part));
        result.setVirtualHosts(i, host.toBuilder().clearRoutes().addAllRoutes(routes));
      }
    }
    return result.build();
  }

  private static boolean matches(Optional<PatchMatch.OfRoute> wanted, Route route) {
    return wanted
        .map(
            match ->
                (match.name().isEmpty() || match.name().equals(route.getName()))
                    && switch (match.action()) {
                      case ANY -> true;
                      case ROUTE -> route.hasRoute();
                      case REDIRECT -> route.hasRedirect();
                      case DIRECT_RESPONSE -> route.hasDirectResponse();
                    })
        .orElse(true);
  }
}
