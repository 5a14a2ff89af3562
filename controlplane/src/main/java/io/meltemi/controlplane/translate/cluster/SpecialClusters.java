package io.meltemi.controlplane.translate.cluster;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.BindConfig;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.DynamicDns;
import io.meltemi.controlplane.translate.ProtoValues;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Clusters for traffic that belongs to no known service. */
final class SpecialClusters {
  private static final Duration PASSTHROUGH_IDLE_TIMEOUT = Duration.ofMinutes(5);

  private SpecialClusters() {}

  /** Has no endpoints: what is sent there is refused. */
  static GeneratedResource blackHole(MeshConfig mesh) {
    return ClusterGenerator.resource(
        Cluster.newBuilder()
            .setName(ClusterNames.BLACK_HOLE)
            .setAltStatName(ClusterNames.BLACK_HOLE + ";")
            .setType(Cluster.DiscoveryType.STATIC)
            .setConnectTimeout(ProtoValues.duration(mesh.upstream().connectTimeout()))
            .build(),
        List.of());
  }

  /** Sends on to the address that was asked for. */
  static GeneratedResource passthrough(MeshConfig mesh) {
    return ClusterGenerator.resource(
        originalDestination(ClusterNames.PASSTHROUGH, mesh).build(), List.of());
  }

  /** Sends requests on to the host that they name. */
  static GeneratedResource anyHost(ProxyNode node, MeshConfig mesh) {
    Cluster.Builder cluster =
        Cluster.newBuilder()
            .setName(DynamicDns.ANY_HOST_CLUSTER)
            .setAltStatName(DynamicDns.ANY_HOST_CLUSTER + ";")
            .setConnectTimeout(ProtoValues.duration(mesh.upstream().connectTimeout()))
            .setCircuitBreakers(ClusterSettings.circuitBreakers(Optional.empty()));
    DynamicDns.apply(cluster, node, mesh);
    return ClusterGenerator.resource(cluster.build(), List.of());
  }

  /** As passed on, for what comes in, from an address that is not captured again. */
  static GeneratedResource inboundPassthrough(ProxyNode node, MeshConfig mesh) {
    return ClusterGenerator.resource(
        originalDestination(ClusterNames.INBOUND_PASSTHROUGH, mesh)
            .setUpstreamBindConfig(bindToInboundSource(node))
            .build(),
        List.of());
  }

  private static Cluster.Builder originalDestination(String name, MeshConfig mesh) {
    return Cluster.newBuilder()
        .setName(name)
        .setAltStatName(ClusterNames.PASSTHROUGH + ";")
        .setType(Cluster.DiscoveryType.ORIGINAL_DST)
        .setLbPolicy(Cluster.LbPolicy.CLUSTER_PROVIDED)
        .setConnectTimeout(ProtoValues.duration(mesh.upstream().connectTimeout()))
        .setCircuitBreakers(ClusterSettings.circuitBreakers(Optional.empty()))
        .putTypedExtensionProtocolOptions(
            ClusterSettings.HTTP_PROTOCOL_OPTIONS,
            Any.pack(
                ClusterSettings.sameAsDownstream()
                    .setCommonHttpProtocolOptions(
                        HttpProtocolOptions.newBuilder()
                            .setIdleTimeout(ProtoValues.duration(PASSTHROUGH_IDLE_TIMEOUT)))
                    .build()));
  }

  /** The source address that Istio's capture rules leave alone. */
  static BindConfig bindToInboundSource(ProxyNode node) {
    boolean version6 = node.ip().indexOf(':') >= 0;
    return BindConfig.newBuilder()
        .setSourceAddress(
            SocketAddress.newBuilder().setAddress(version6 ? "::6" : "127.0.0.6").setPortValue(0))
        .build();
  }
}
