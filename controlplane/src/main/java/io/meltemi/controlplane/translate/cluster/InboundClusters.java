package io.meltemi.controlplane.translate.cluster;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.Pipe;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.kind.sidecar.Sidecar;
import io.meltemi.config.traffic.ConnectionPool;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.LocalPlacement;
import io.meltemi.controlplane.push.MeshDestinationRule;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.SidecarScope;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServiceInstance;
import io.meltemi.controlplane.registry.ServicePort;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.EndpointAssignments;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.StatNames;
import io.meltemi.controlplane.translate.TrafficPolicies;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The clusters of the ports that one sidecar serves: {@code inbound|PORT||}. */
final class InboundClusters {
  private static final String UNIX_PREFIX = "unix://";

  /** Istio's "never": hosts seen once are kept for the life of the proxy. */
  private static final Duration NEVER = Duration.ofSeconds(9_223_372_035L);

  private final ProxyNode node;
  private final PushContext context;
  private final SidecarScope scope;

  InboundClusters(ProxyNode node, PushContext context) {
    this.node = node;
    this.context = context;
    this.scope = context.sidecarScope(node);
  }

  List<GeneratedResource> clusters() {
    Map<Integer, List<ServiceInstance>> byPort = instancesByPort();
    List<GeneratedResource> clusters = new ArrayList<>();
    if (scope.hasIngress()) {
      for (Sidecar.Ingress ingress : scope.ingress()) {
        clusters.add(ofIngress(ingress, byPort.getOrDefault(ingress.port().number(), List.of())));
      }
      return clusters;
    }
    if (node.metadata().interceptionMode() == ProxyNode.InterceptionMode.NONE
        && node.placement().isEmpty()) {
      // nothing captures inbound traffic and nobody said where to listen for it
      return clusters;
    }
    byPort.forEach((port, instances) -> clusters.add(ofService(port, instances)));
    node.placement().stream()
        .flatMap(placement -> placement.inbound().keySet().stream())
        .filter(port -> !byPort.containsKey(port))
        .sorted()
        .forEach(port -> clusters.add(withoutService(port)));
    return clusters;
  }

  /** By port of the workload; the oldest service of each port first. */
  private Map<Integer, List<ServiceInstance>> instancesByPort() {
    Map<Integer, List<ServiceInstance>> byPort = new TreeMap<>();
    List<ServiceInstance> udp = new ArrayList<>();
    for (ServiceInstance instance : context.instancesOf(node)) {
      if (instance.port().protocol() == Protocol.UDP) {
        udp.add(instance);
      } else {
        byPort.computeIfAbsent(instance.endpoint().port(), _ -> new ArrayList<>()).add(instance);
      }
    }
    // a chain takes bytes on them
    udp.forEach(instance -> byPort.putIfAbsent(instance.endpoint().port(), List.of(instance)));
    return byPort;
  }

  private GeneratedResource ofService(int port, List<ServiceInstance> instances) {
    ServiceInstance oldest = instances.getFirst();
    Optional<ConnectionPool> pool =
        inboundPool().or(() -> poolOfRule(oldest.service(), oldest.port()));
    Cluster.Builder cluster = cluster(port, oldest.port().protocol(), pool, services(instances));
    applyDestination(cluster, port, "");
    applyStatName(cluster, port, oldest);
    return ClusterGenerator.resource(cluster.build(), origins(instances));
  }

  private void applyStatName(Cluster.Builder cluster, int port, ServiceInstance instance) {
    String pattern = context.mesh().telemetry().inboundClusterStatName();
    if (!pattern.isEmpty()) {
      cluster.setAltStatName(
          StatNames.of(pattern, instance.service(), instance.port(), "", port) + ";");
    }
  }

  /** A placed port can be called even before a service selects it. */
  private GeneratedResource withoutService(int port) {
    Cluster.Builder cluster = cluster(port, Protocol.UNSUPPORTED, inboundPool(), List.of());
    applyDestination(cluster, port, "");
    return ClusterGenerator.resource(cluster.build(), List.of());
  }

  private GeneratedResource ofIngress(Sidecar.Ingress ingress, List<ServiceInstance> instances) {
    int port = ingress.port().number();
    Optional<ConnectionPool> pool = ingress.connectionPool().or(this::inboundPool);
    Cluster.Builder cluster = cluster(port, ingress.port().protocol(), pool, services(instances));
    applyDestination(cluster, port, ingress.defaultEndpoint());
    List<Origin> origins = new ArrayList<>();
    scope.sidecar().ifPresent(sidecar -> origins.add(sidecar.origin()));
    origins.addAll(origins(instances));
    return ClusterGenerator.resource(cluster.build(), origins);
  }

  private Optional<ConnectionPool> inboundPool() {
    return scope.sidecar().flatMap(sidecar -> sidecar.spec().inboundConnectionPool());
  }

  /** The limits of a service's destination rule hold on the server's side too. */
  private Optional<ConnectionPool> poolOfRule(MeshService service, ServicePort port) {
    return TrafficPolicies.ofPort(
            context.destinationRule(node, service).map(MeshDestinationRule::rule),
            port.number(),
            context.mesh())
        .connectionPool();
  }

  private Cluster.Builder cluster(
      int port, Protocol protocol, Optional<ConnectionPool> pool, List<MeshService> services) {
    String name = ClusterNames.inbound(port);
    Cluster.Builder cluster =
        Cluster.newBuilder()
            .setName(name)
            .setAltStatName(name + ";")
            .setCommonLbConfig(Cluster.CommonLbConfig.getDefaultInstance());
    if (!services.isEmpty()) {
      cluster.setMetadata(ClusterSettings.metadata(services, "", "", false, Optional.empty()));
    }
    ClusterSettings.applyConnectionPool(cluster, pool, Optional.empty(), context.mesh());
    ClusterSettings.applyHttpOptions(cluster, ClusterSettings.inboundHttpVersion(protocol), pool);
    return cluster;
  }

  /**
   * Where the application listens: where the placement says, at the Sidecar's default endpoint, on
   * the loopback address if the mesh says so, or wherever the connection was going.
   */
  private void applyDestination(Cluster.Builder cluster, int port, String defaultEndpoint) {
    Optional<HostPort> placed =
        node.placement()
            .flatMap(placement -> Optional.ofNullable(placement.inbound().get(port)))
            .map(LocalPlacement.Inbound::app);
    if (placed.isPresent()) {
      applyStatic(cluster, EndpointAssignments.endpoint(placed.get()));
    } else if (!defaultEndpoint.isEmpty()) {
      applyStatic(cluster, defaultEndpoint(defaultEndpoint));
    } else if (!context.mesh().inboundPassthrough()) {
      boolean version6 = node.ip().indexOf(':') >= 0;
      applyStatic(
          cluster,
          EndpointAssignments.endpoint(new HostPort(version6 ? "::1" : "127.0.0.1", port)));
    } else {
      cluster
          .setType(Cluster.DiscoveryType.ORIGINAL_DST)
          .setLbPolicy(Cluster.LbPolicy.CLUSTER_PROVIDED)
          .setCleanupInterval(ProtoValues.duration(NEVER));
      if (node.metadata().interceptionMode() == ProxyNode.InterceptionMode.REDIRECT) {
        cluster.setUpstreamBindConfig(SpecialClusters.bindToInboundSource(node));
      }
    }
  }

  private static void applyStatic(Cluster.Builder cluster, LbEndpoint endpoint) {
    cluster
        .setType(Cluster.DiscoveryType.STATIC)
        .setLoadAssignment(
            ClusterLoadAssignment.newBuilder()
                .setClusterName(cluster.getName())
                .addEndpoints(LocalityLbEndpoints.newBuilder().addLbEndpoints(endpoint)));
  }

  /** {@code 0.0.0.0} and {@code ::} stand for the address of the workload. */
  private LbEndpoint defaultEndpoint(String written) {
    if (written.startsWith(UNIX_PREFIX)) {
      return LbEndpoint.newBuilder()
          .setEndpoint(
              Endpoint.newBuilder()
                  .setAddress(
                      Address.newBuilder()
                          .setPipe(
                              Pipe.newBuilder().setPath(written.substring(UNIX_PREFIX.length())))))
          .build();
    }
    HostPort address = HostPort.parse(written);
    boolean any = address.host().equals("0.0.0.0") || address.host().equals("::");
    return EndpointAssignments.endpoint(any ? new HostPort(node.ip(), address.port()) : address);
  }

  private static List<MeshService> services(List<ServiceInstance> instances) {
    return instances.stream().map(ServiceInstance::service).distinct().toList();
  }

  private static List<Origin> origins(List<ServiceInstance> instances) {
    return instances.stream().map(instance -> instance.service().origin()).distinct().toList();
  }
}
