package io.meltemi.controlplane.translate.route;

import com.google.protobuf.Duration;
import io.envoyproxy.envoy.config.route.v3.Decorator;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.registry.ServicePort;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.DestinationPolicies;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.RuleScope;
import io.meltemi.controlplane.translate.WaypointServices;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The routes that a waypoint executes for the services behind it, one configuration per port. The
 * address has decided which service is meant, so it answers for every authority.
 */
public final class WaypointRoutes {
  private final ProxyNode node;
  private final PushContext context;
  private final WaypointServices services;
  private final DestinationPolicies policies;

  public WaypointRoutes(ProxyNode node, PushContext context, WaypointServices services) {
    this.node = node;
    this.context = context;
    this.services = services;
    this.policies = DestinationPolicies.of(node, context);
  }

  /** The routes of all rules for a port, else one to the service itself. */
  public RouteConfiguration of(MeshService service, ServicePort port) {
    HttpRoutes translation =
        new HttpRoutes(
            // labels of clients are not known here, so rules that ask for them never apply
            new RuleScope(Labels.EMPTY, node.namespace(), Set.of(VirtualService.MESH_GATEWAY)),
            policies,
            context.mesh().upstream().defaultHttpRetryPolicy(),
            new HttpRoutes.Entrance(
                port.number(),
                false,
                true,
                context.mesh().defaultConfig().switches().forwardedHost()),
            services::cluster);
    List<Route> routes = new ArrayList<>();
    for (Resource<VirtualService> rule : services.rules(service)) {
      routes.addAll(translation.of(rule));
    }
    String cluster =
        ClusterNames.inboundVip(port.number(), WaypointServices.HTTP, "", service.hostname());
    if (routes.isEmpty()) {
      routes.add(
          toCluster(
              cluster,
              service.hostname(),
              port.number(),
              RouteAction.newBuilder()
                  .addAllHashPolicy(policies.hash(service, port.number(), ""))));
    }
    return configuration(
        cluster,
        port.number(),
        service.resolution() == Resolution.DYNAMIC_DNS ? service.hostname() : "*",
        routes);
  }

  /** The routes of requests to a workload itself. */
  public RouteConfiguration toWorkload() {
    return configuration(
        ClusterNames.ENCAP,
        0,
        "*",
        List.of(toCluster(ClusterNames.ENCAP, "", 0, RouteAction.newBuilder())));
  }

  private static RouteConfiguration configuration(
      String name, int port, String domain, List<Route> routes) {
    return RouteConfiguration.newBuilder()
        .setName(name)
        .setValidateClusters(ProtoValues.FALSE)
        .setMaxDirectResponseBodySizeBytes(
            ProtoValues.uint32(SidecarRoutes.DIRECT_RESPONSE_BYTES_MAX))
        .addVirtualHosts(
            VirtualHost.newBuilder()
                .setName("inbound|http|" + port)
                .addDomains(domain)
                .addAllRoutes(routes))
        .build();
  }

  @SuppressWarnings("deprecation") // max_grpc_timeout: the same field as Istio, for equal output
  private Route toCluster(String cluster, String host, int port, RouteAction.Builder action) {
    action
        .setCluster(cluster)
        .setTimeout(Duration.getDefaultInstance())
        .setMaxGrpcTimeout(Duration.getDefaultInstance());
    RetryPolicies.of(context.mesh().upstream().defaultHttpRetryPolicy(), false)
        .ifPresent(action::setRetryPolicy);
    return Route.newBuilder()
        .setName("default")
        .setMatch(RouteMatches.ANY)
        .setRoute(action)
        .setDecorator(Decorator.newBuilder().setOperation(host + ':' + port + "/*"))
        .build();
  }
}
