package io.meltemi.controlplane.translate.cluster;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.DynamicDns;
import io.meltemi.controlplane.translate.EndpointAssignments;
import io.meltemi.controlplane.translate.LocalityPolicy;
import io.meltemi.controlplane.translate.MutualTlsClients;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.ServiceEndpoints;
import io.meltemi.controlplane.translate.ServiceTarget;
import io.meltemi.controlplane.translate.StatNames;
import io.meltemi.controlplane.translate.TrafficPolicies;
import io.meltemi.controlplane.translate.WaypointServices;
import java.util.List;
import java.util.Optional;

/** The clusters of single services, for clients wherever they are. */
final class ServiceClusters {
  private static final ConfigSource ADS =
      ConfigSource.newBuilder()
          .setAds(AggregatedConfigSource.getDefaultInstance())
          .setInitialFetchTimeout(com.google.protobuf.Duration.getDefaultInstance())
          .setResourceApiVersion(ApiVersion.V3)
          .build();

  private static final java.time.Duration DNS_JITTER = java.time.Duration.ofMillis(100);

  private final ProxyNode client;
  private final PushContext context;
  private final ClusterTls tls;

  ServiceClusters(ProxyNode client, PushContext context) {
    this.client = client;
    this.context = context;
    this.tls = new ClusterTls(client, context);
  }

  /** How a service is reached. */
  enum Way {
    /** As by any client. */
    SERVICE,
    /** Mutual TLS goes through the proxy unopened. */
    PASSED,
    /** The service of a waypoint, for requests. */
    BEHIND_HTTP,
    /** The service of a waypoint, for bytes. */
    BEHIND_TCP;

    String clusterName(int port, String subset, String host) {
      return switch (this) {
        case SERVICE -> ClusterNames.outbound(port, subset, host);
        case PASSED -> ClusterNames.serverName(port, subset, host);
        case BEHIND_HTTP -> ClusterNames.inboundVip(port, WaypointServices.HTTP, subset, host);
        case BEHIND_TCP -> ClusterNames.inboundVip(port, WaypointServices.TCP, subset, host);
      };
    }
  }

  /** A target and how it is reached. */
  record Wanted(ServiceTarget target, Way way) {
    /** The service is behind this waypoint. */
    boolean isBehind() {
      return way == Way.BEHIND_HTTP || way == Way.BEHIND_TCP;
    }
  }

  /** A cluster; nothing when there is nothing to resolve. */
  Optional<GeneratedResource> make(Wanted wanted) {
    ServiceTarget target = wanted.target();
    TrafficPolicies.Effective policy = target.policy(context.mesh());
    Cluster.Builder cluster =
        Cluster.newBuilder().setName(target.name()).setAltStatName(statName(target) + ";");
    if (!applyDiscovery(cluster, wanted, policy)) {
      return Optional.empty();
    }
    String serverName =
        Way.PASSED.clusterName(
            target.port().number(), target.subsetName(), target.service().hostname());
    ClusterSettings.applyConnectionPool(cluster, policy, context.mesh());
    ClusterSettings.HttpVersion version =
        ClusterSettings.httpVersion(
            target.port().protocol(), policy.connectionPool(), context.mesh());
    ClusterSettings.applyHttpOptions(cluster, version, policy.connectionPool());
    ClusterSettings.applyLoadBalancer(
        cluster,
        policy.loadBalancer(),
        ServiceEndpoints.unreadyDecide(target.service(), context.features())
            ? Optional.empty()
            : policy.outlierDetection(),
        context.mesh());
    if (wanted.isBehind()) {
      tls.applyBehindWaypoint(
          cluster,
          target.service(),
          policy,
          serverName,
          version == ClusterSettings.HttpVersion.HTTP2);
    } else if (wanted.way() != Way.PASSED) {
      tls.apply(
          cluster,
          target.service(),
          target.port(),
          policy,
          serverName,
          version == ClusterSettings.HttpVersion.HTTP2);
    }
    policy
        .outlierDetection()
        .ifPresent(
            detection -> cluster.setOutlierDetection(ClusterSettings.outlierDetection(detection)));
    cluster.setMetadata(
        ClusterSettings.metadata(
            List.of(target.service()),
            target.rule().map(rule -> ProtoValues.configPath(rule.oldest())).orElse(""),
            target.subsetName(),
            target.service().meshExternal(),
            wanted.way() == Way.PASSED ? Optional.empty() : policy.tls()));
    return Optional.of(new GeneratedResource(target.name(), cluster.build(), target.origins()));
  }

  private String statName(ServiceTarget target) {
    String pattern = context.mesh().telemetry().outboundClusterStatName();
    return pattern.isEmpty()
        ? target.name()
        : StatNames.of(pattern, target.service(), target.port(), target.subsetName(), 0);
  }

  /** Sets how endpoints are found; false when there is nothing to resolve, so no cluster. */
  private boolean applyDiscovery(
      Cluster.Builder cluster, Wanted wanted, TrafficPolicies.Effective policy) {
    ServiceTarget target = wanted.target();
    switch (target.service().resolution()) {
      case ENDPOINTS -> applyEds(cluster, target);
      case PASSTHROUGH -> {
        if (client.isSidecar() || wanted.isBehind()) {
          cluster.setType(Cluster.DiscoveryType.ORIGINAL_DST);
        } else {
          // nothing tells a gateway the original destination
          applyEds(cluster, target);
        }
      }
      case DNS -> {
        return applyDns(cluster, wanted, policy, Cluster.DiscoveryType.STRICT_DNS);
      }
      case DNS_ROUND_ROBIN -> {
        return applyDns(cluster, wanted, policy, Cluster.DiscoveryType.LOGICAL_DNS);
      }
      case DYNAMIC_DNS -> DynamicDns.apply(cluster, client, context.mesh());
      case ALIAS -> {
        return false;
      }
    }
    return true;
  }

  private static void applyEds(Cluster.Builder cluster, ServiceTarget target) {
    cluster
        .setType(Cluster.DiscoveryType.EDS)
        .setEdsClusterConfig(
            Cluster.EdsClusterConfig.newBuilder().setEdsConfig(ADS).setServiceName(target.name()));
  }

  @SuppressWarnings("deprecation") // Istio and stock Envoy use these fields, not the cluster type
  private boolean applyDns(
      Cluster.Builder cluster,
      Wanted wanted,
      TrafficPolicies.Effective policy,
      Cluster.DiscoveryType type) {
    ServiceTarget target = wanted.target();
    List<ServiceEndpoint> endpoints =
        ServiceEndpoints.of(
            client, context, target.service(), target.port(), target.labels(), policy);
    if (endpoints.isEmpty()) {
      return false;
    }
    cluster
        .setType(type)
        .setLoadAssignment(
            EndpointAssignments.assignment(
                target.name(),
                endpoints,
                LocalityPolicy.of(policy, context.mesh(), client.locality(), target.service()),
                client,
                endpoint ->
                    !wanted.isBehind() && MutualTlsClients.takes(context, endpoint, policy)))
        .setDnsLookupFamily(
            client.ip().indexOf(':') >= 0
                ? Cluster.DnsLookupFamily.V6_ONLY
                : Cluster.DnsLookupFamily.V4_ONLY)
        .setDnsRefreshRate(ProtoValues.duration(context.mesh().upstream().dnsRefreshRate()))
        .setDnsJitter(ProtoValues.duration(DNS_JITTER))
        .setRespectDnsTtl(true);
    return true;
  }
}
