package io.meltemi.controlplane.translate.listener;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy;
import io.envoyproxy.envoy.type.v3.HashPolicy;
import io.meltemi.config.kind.virtualservice.TcpRoute;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.Destination;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.translate.DestinationPolicies;
import io.meltemi.controlplane.translate.Destinations;
import io.meltemi.controlplane.translate.DynamicDns;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.StatNames;
import io.meltemi.controlplane.translate.WaypointServices;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The TCP proxies that end filter chains of byte streams.
 *
 * <p>Differs from Istio: the protocol filters that only count, such as {@code mongo_proxy}, are
 * left out.
 */
final class TcpProxies {
  static final String NAME = "envoy.filters.network.tcp_proxy";

  private final MeshConfig mesh;
  private final DestinationPolicies policies;
  private final DynamicDns names;
  private final Optional<WaypointServices> waypoint;

  TcpProxies(ProxyNode node, PushContext context) {
    this.mesh = context.mesh();
    this.policies = DestinationPolicies.of(node, context);
    this.names = DynamicDns.of(node, context);
    this.waypoint =
        node.isWaypoint() ? Optional.of(WaypointServices.of(node, context)) : Optional.empty();
  }

  /** To one cluster that no destination rule is for, under its own name in statistics. */
  Filter toCluster(String cluster) {
    return filter(TcpProxy.newBuilder().setStatPrefix(cluster).setCluster(cluster));
  }

  /** To one service port, of which the server name may tell the host. */
  List<Filter> toService(MeshService service, int port) {
    Filter proxy =
        toDestination(
            new Destination(service.hostname(), "", OptionalInt.of(port)),
            Optional.of(service),
            port);
    return service.resolution() == Resolution.DYNAMIC_DNS
        ? List.of(names.serverNameFilter(port), proxy)
        : List.of(proxy);
  }

  /** Through a tunnel to the address that the connection is for. */
  static Filter toTunnel(String cluster) {
    return Filter.newBuilder()
        .setName(NAME)
        .setTypedConfig(
            Any.pack(
                TcpProxy.newBuilder()
                    .setStatPrefix(cluster)
                    .setCluster(cluster)
                    .setTunnelingConfig(
                        TcpProxy.TunnelingConfig.newBuilder()
                            .setHostname("%DOWNSTREAM_LOCAL_ADDRESS%"))
                    .build()))
        .build();
  }

  /**
   * To the destinations of a rule.
   *
   * @param listenPort the port that clients ask for
   */
  Filter toRoute(List<TcpRoute.WeightedDestination> route, Resource<?> rule, int listenPort) {
    if (route.size() == 1) {
      Destination only = route.getFirst().destination();
      return toDestination(only, policies.service(only.host()), listenPort);
    }
    TcpProxy.WeightedCluster.Builder weighted = TcpProxy.WeightedCluster.newBuilder();
    for (TcpRoute.WeightedDestination share : route) {
      if (share.weight() > 0) {
        Destination destination = share.destination();
        weighted.addClusters(
            TcpProxy.WeightedCluster.ClusterWeight.newBuilder()
                .setName(cluster(destination, policies.service(destination.host()), listenPort))
                .setWeight(share.weight()));
      }
    }
    return filter(
        TcpProxy.newBuilder()
            .setStatPrefix(rule.name() + '.' + rule.namespace())
            .setWeightedClusters(weighted));
  }

  private Filter toDestination(
      Destination destination, Optional<MeshService> service, int listenPort) {
    String cluster = cluster(destination, service, listenPort);
    TcpProxy.Builder proxy = TcpProxy.newBuilder().setStatPrefix(cluster).setCluster(cluster);
    if (service.isPresent()) {
      int port = Destinations.port(destination, service, listenPort);
      String pattern = mesh.telemetry().outboundClusterStatName();
      if (!pattern.isEmpty()) {
        service
            .get()
            .port(port)
            .map(found -> StatNames.of(pattern, service.get(), found, destination.subset(), 0))
            .ifPresent(proxy::setStatPrefix);
      }
      DestinationPolicies.Tcp policy = policies.tcp(service.get(), port, destination.subset());
      policy.idleTimeout().ifPresent(idle -> proxy.setIdleTimeout(ProtoValues.duration(idle)));
      policy
          .maxConnectionDuration()
          .ifPresent(max -> proxy.setMaxDownstreamConnectionDuration(ProtoValues.duration(max)));
      policy
          .tunnel()
          .ifPresent(
              tunnel ->
                  proxy.setTunnelingConfig(
                      TcpProxy.TunnelingConfig.newBuilder()
                          .setHostname(tunnel.targetHost() + ':' + tunnel.targetPort())
                          .setUsePost(tunnel.post())));
      if (policy.hashSourceIp()) {
        proxy.addHashPolicy(
            HashPolicy.newBuilder().setSourceIp(HashPolicy.SourceIp.getDefaultInstance()));
      }
    }
    return filter(proxy);
  }

  private String cluster(Destination destination, Optional<MeshService> service, int listenPort) {
    int port = Destinations.port(destination, service, listenPort);
    return waypoint
        .map(behind -> behind.cluster(destination, service, port))
        .orElseGet(() -> Destinations.cluster(destination, service, port));
  }

  private Filter filter(TcpProxy.Builder proxy) {
    proxy.addAllAccessLog(AccessLogs.of(mesh));
    return Filter.newBuilder().setName(NAME).setTypedConfig(Any.pack(proxy.build())).build();
  }
}
