package io.meltemi.controlplane.translate.cluster;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport;
import io.envoyproxy.envoy.type.metadata.v3.MetadataKey;
import io.envoyproxy.envoy.type.metadata.v3.MetadataKind;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.EndpointAssignments;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.TlsContexts;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The clusters of a waypoint that lead from listener to listener, and out through tunnels. */
final class WaypointClusters {
  /** Where workloads and waypoints take tunnels. */
  private static final int TUNNEL_PORT = 15_008;

  private static final Duration TUNNEL_IDLE_TIMEOUT = Duration.ofHours(1);
  private static final Duration INSIDE_IDLE_TIMEOUT = Duration.ofMinutes(5);
  private static final Duration CLEANUP_INTERVAL = Duration.ofMinutes(1);

  private WaypointClusters() {}

  static List<GeneratedResource> of(MeshConfig mesh) {
    return List.of(
        inside(ClusterNames.MAIN_INTERNAL, ClusterNames.MAIN_INTERNAL),
        inside(ClusterNames.ENCAP, ClusterNames.CONNECT_ORIGINATE),
        connectOriginate(mesh));
  }

  /** To a listener of the proxy itself. */
  private static GeneratedResource inside(String name, String listener) {
    return ClusterGenerator.resource(
        Cluster.newBuilder()
            .setName(name)
            .setAltStatName(name + ';')
            .setType(Cluster.DiscoveryType.STATIC)
            .setCircuitBreakers(ClusterSettings.circuitBreakers(Optional.empty()))
            .setLoadAssignment(
                ClusterLoadAssignment.newBuilder()
                    .setClusterName(name)
                    .addEndpoints(
                        LocalityLbEndpoints.newBuilder()
                            .addLbEndpoints(
                                LbEndpoint.newBuilder()
                                    .setEndpoint(
                                        Endpoint.newBuilder()
                                            .setAddress(
                                                EndpointAssignments.internal(listener, ""))))))
            .setTransportSocket(
                socket(
                    InternalUpstreamTransport.newBuilder().setTransportSocket(TlsContexts.PLAIN)))
            .putTypedExtensionProtocolOptions(
                ClusterSettings.HTTP_PROTOCOL_OPTIONS,
                Any.pack(
                    ClusterSettings.sameAsDownstream()
                        .setCommonHttpProtocolOptions(idle(INSIDE_IDLE_TIMEOUT))
                        .build()))
            .build(),
        List.of());
  }

  /** Through a tunnel to the address that the connection is for. */
  private static GeneratedResource connectOriginate(MeshConfig mesh) {
    return ClusterGenerator.resource(
        Cluster.newBuilder()
            .setName(ClusterNames.CONNECT_ORIGINATE)
            .setAltStatName(ClusterNames.CONNECT_ORIGINATE + ';')
            .setType(Cluster.DiscoveryType.ORIGINAL_DST)
            .setLbPolicy(Cluster.LbPolicy.CLUSTER_PROVIDED)
            .setConnectTimeout(ProtoValues.duration(mesh.upstream().connectTimeout()))
            .setCleanupInterval(ProtoValues.duration(CLEANUP_INTERVAL))
            .setCircuitBreakers(ClusterSettings.circuitBreakers(Optional.empty()))
            .setOriginalDstLbConfig(
                Cluster.OriginalDstLbConfig.newBuilder()
                    .setUpstreamPortOverride(ProtoValues.uint32(TUNNEL_PORT))
                    .setMetadataKey(
                        MetadataKey.newBuilder()
                            .setKey(EndpointAssignments.ORIGINAL_DST)
                            .addPath(MetadataKey.PathSegment.newBuilder().setKey("waypoint"))))
            .putTypedExtensionProtocolOptions(
                ClusterSettings.HTTP_PROTOCOL_OPTIONS,
                Any.pack(
                    io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                        .newBuilder()
                        .setCommonHttpProtocolOptions(idle(TUNNEL_IDLE_TIMEOUT))
                        .setExplicitHttpConfig(
                            io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                                .ExplicitHttpConfig.newBuilder()
                                .setHttp2ProtocolOptions(
                                    Http2ProtocolOptions.newBuilder().setAllowConnect(true)))
                        .build()))
            .setTransportSocket(TlsContexts.tunnelClient(mesh))
            .build(),
        List.of());
  }

  private static HttpProtocolOptions idle(Duration timeout) {
    return HttpProtocolOptions.newBuilder().setIdleTimeout(ProtoValues.duration(timeout)).build();
  }

  /**
   * A socket that may lead to a listener of the proxy itself, which is told where the host's tunnel
   * leads and what runs there.
   *
   * @param inner what is put around the bytes
   */
  static TransportSocket passing(TransportSocket inner) {
    return socket(
        InternalUpstreamTransport.newBuilder()
            .addPassthroughMetadata(ofHost(EndpointAssignments.ORIGINAL_DST))
            .addPassthroughMetadata(ofHost("istio"))
            .setTransportSocket(inner));
  }

  private static InternalUpstreamTransport.MetadataValueSource ofHost(String name) {
    return InternalUpstreamTransport.MetadataValueSource.newBuilder()
        .setKind(MetadataKind.newBuilder().setHost(MetadataKind.Host.getDefaultInstance()))
        .setName(name)
        .build();
  }

  private static TransportSocket socket(InternalUpstreamTransport.Builder transport) {
    return TransportSocket.newBuilder()
        .setName("internal_upstream")
        .setTypedConfig(Any.pack(transport.build()))
        .build();
  }
}
