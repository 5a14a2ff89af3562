package io.meltemi.controlplane.translate.cluster;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.ProxyProtocolConfig;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.config.core.v3.UpstreamHttpProtocolOptions;
import io.envoyproxy.envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.meltemi.config.kind.destinationrule.TrafficPolicy;
import io.meltemi.config.traffic.ClientTls;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServicePort;
import io.meltemi.controlplane.translate.MutualTlsClients;
import io.meltemi.controlplane.translate.TlsContexts;
import io.meltemi.controlplane.translate.TrafficPolicies;
import java.util.List;

/** The transport sockets of outbound clusters: TLS, and the PROXY header in front of it. */
final class ClusterTls {
  private final ProxyNode node;
  private final PushContext context;

  ClusterTls(ProxyNode node, PushContext context) {
    this.node = node;
    this.context = context;
  }

  /**
   * Sets transport sockets and what of HTTP depends on them.
   *
   * @param cluster its type and HTTP options are set
   * @param serverName that asks for the cluster's service in mutual TLS
   * @param http2 the cluster speaks nothing but HTTP/2
   */
  void apply(
      Cluster.Builder cluster,
      MeshService service,
      ServicePort port,
      TrafficPolicies.Effective policy,
      String serverName,
      boolean http2) {
    if (policy.tls().isPresent()) {
      applyRule(cluster, service, policy.tls().get(), serverName, http2);
    } else if (MutualTlsClients.isAutomatic(node, context, service, port, policy)) {
      TransportSocket mutual =
          TlsContexts.mutual(MutualTlsClients.identities(context, service), serverName, http2);
      if (cluster.getType() == Cluster.DiscoveryType.ORIGINAL_DST) {
        cluster.setTransportSocket(mutual);
      } else {
        cluster
            .addTransportSocketMatches(
                Cluster.TransportSocketMatch.newBuilder()
                    .setName("tlsMode-istio")
                    .setMatch(
                        Struct.newBuilder()
                            .putFields(
                                "tlsMode", Value.newBuilder().setStringValue("istio").build()))
                    .setTransportSocket(mutual))
            .addTransportSocketMatches(
                Cluster.TransportSocketMatch.newBuilder()
                    .setName("tlsMode-disabled")
                    .setMatch(Struct.getDefaultInstance())
                    .setTransportSocket(TlsContexts.PLAIN));
      }
    }
    policy.proxyProtocol().ifPresent(version -> prependProxyHeader(cluster, version));
  }

  /**
   * The same for a service behind a waypoint: mutual TLS is the tunnel's, so that only certificates
   * of the rule's own are put around the bytes.
   */
  void applyBehindWaypoint(
      Cluster.Builder cluster,
      MeshService service,
      TrafficPolicies.Effective policy,
      String serverName,
      boolean http2) {
    policy
        .tls()
        .filter(tls -> tls.mode() == ClientTls.Mode.SIMPLE || tls.mode() == ClientTls.Mode.MUTUAL)
        .ifPresent(tls -> applyRule(cluster, service, tls, serverName, http2));
    policy.proxyProtocol().ifPresent(version -> prependProxyHeader(cluster, version));
    cluster.setTransportSocket(
        WaypointClusters.passing(
            cluster.hasTransportSocket() ? cluster.getTransportSocket() : TlsContexts.PLAIN));
  }

  private void applyRule(
      Cluster.Builder cluster,
      MeshService service,
      ClientTls tls,
      String serverName,
      boolean http2) {
    switch (tls.mode()) {
      case DISABLE -> {}
      case ISTIO_MUTUAL -> {
        if (node.hasCertificates()) {
          List<String> identities =
              tls.subjectAltNames().isEmpty()
                  ? MutualTlsClients.identities(context, service)
                  : tls.subjectAltNames();
          cluster.setTransportSocket(
              TlsContexts.mutual(identities, tls.sni().isEmpty() ? serverName : tls.sni(), http2));
        }
      }
      case SIMPLE, MUTUAL -> {
        List<String> names = service.attributes().subjectAltNames();
        cluster.setTransportSocket(TlsContexts.originate(tls, names, node, context.mesh(), http2));
        if (tls.sni().isEmpty()) {
          nameServerByRequest(
              cluster,
              tls.subjectAltNames().isEmpty()
                  && names.isEmpty()
                  && !tls.insecureSkipVerify().orElse(false));
        }
      }
    }
  }

  /** The requested host becomes the server name, and what the server must be called. */
  private static void nameServerByRequest(Cluster.Builder cluster, boolean verify) {
    HttpProtocolOptions.Builder options = httpOptions(cluster);
    options.setUpstreamHttpProtocolOptions(
        UpstreamHttpProtocolOptions.newBuilder().setAutoSni(true).setAutoSanValidation(verify));
    cluster.putTypedExtensionProtocolOptions(
        ClusterSettings.HTTP_PROTOCOL_OPTIONS, Any.pack(options.build()));
  }

  private static HttpProtocolOptions.Builder httpOptions(Cluster.Builder cluster) {
    Any present =
        cluster.getTypedExtensionProtocolOptionsMap().get(ClusterSettings.HTTP_PROTOCOL_OPTIONS);
    if (present == null) {
      return HttpProtocolOptions.newBuilder()
          .setExplicitHttpConfig(
              HttpProtocolOptions.ExplicitHttpConfig.newBuilder()
                  .setHttpProtocolOptions(Http1ProtocolOptions.getDefaultInstance()));
    }
    try {
      return present.unpack(HttpProtocolOptions.class).toBuilder();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("HTTP options of ours are none", e);
    }
  }

  private static void prependProxyHeader(
      Cluster.Builder cluster, TrafficPolicy.ProxyProtocolVersion version) {
    if (cluster.getTransportSocketMatchesCount() == 0) {
      cluster.setTransportSocket(
          behindProxyHeader(
              cluster.hasTransportSocket() ? cluster.getTransportSocket() : TlsContexts.PLAIN,
              version));
      return;
    }
    cluster
        .getTransportSocketMatchesBuilderList()
        .forEach(
            match ->
                match.setTransportSocket(behindProxyHeader(match.getTransportSocket(), version)));
  }

  private static TransportSocket behindProxyHeader(
      TransportSocket socket, TrafficPolicy.ProxyProtocolVersion version) {
    return TransportSocket.newBuilder()
        .setName("envoy.transport_sockets.upstream_proxy_protocol")
        .setTypedConfig(
            Any.pack(
                ProxyProtocolUpstreamTransport.newBuilder()
                    .setConfig(
                        ProxyProtocolConfig.newBuilder()
                            .setVersion(
                                switch (version) {
                                  case V1 -> ProxyProtocolConfig.Version.V1;
                                  case V2 -> ProxyProtocolConfig.Version.V2;
                                }))
                    .setTransportSocket(socket)
                    .build()))
        .build();
  }
}
