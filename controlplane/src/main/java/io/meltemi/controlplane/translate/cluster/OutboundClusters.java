package io.meltemi.controlplane.translate.cluster;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.controlplane.push.MeshDestinationRule;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.controlplane.registry.ServicePort;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.DynamicDns;
import io.meltemi.controlplane.translate.EndpointAssignments;
import io.meltemi.controlplane.translate.LocalityPolicy;
import io.meltemi.controlplane.translate.MutualTlsClients;
import io.meltemi.controlplane.translate.PassedServices;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.ServiceEndpoints;
import io.meltemi.controlplane.translate.StatNames;
import io.meltemi.controlplane.translate.TrafficPolicies;
import io.meltemi.controlplane.translate.WaypointServices;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The clusters of the services that one proxy may reach. */
final class OutboundClusters {
  private static final ConfigSource ADS =
      ConfigSource.newBuilder()
          .setAds(AggregatedConfigSource.getDefaultInstance())
          .setInitialFetchTimeout(com.google.protobuf.Duration.getDefaultInstance())
          .setResourceApiVersion(ApiVersion.V3)
          .build();

  private static final java.time.Duration DNS_JITTER = java.time.Duration.ofMillis(100);

  private final ProxyNode node;
  private final PushContext context;
  private final ClusterTls tls;
  private final DynamicDns names;

  OutboundClusters(ProxyNode node, PushContext context) {
    this.node = node;
    this.context = context;
    this.tls = new ClusterTls(node, context);
    this.names = DynamicDns.of(node, context);
  }

  /** How a service is reached. */
  private enum Way {
    /** As by any client. */
    SERVICE,
    /** Mutual TLS goes through the proxy unopened. */
    PASSED,
    /** The service of a waypoint, for requests. */
    BEHIND_HTTP,
    /** The service of a waypoint, for bytes. */
    BEHIND_TCP
  }

  /**
   * One cluster of a service port.
   *
   * @param way how the service is reached
   */
  private record Target(
      MeshService service,
      ServicePort port,
      Optional<MeshDestinationRule> rule,
      Optional<DestinationRule.Subset> subset,
      Way way) {
    String name() {
      return switch (way) {
        case SERVICE -> ClusterNames.outbound(port.number(), subsetName(), service.hostname());
        case PASSED -> serverName();
        case BEHIND_HTTP -> behind(WaypointServices.HTTP);
        case BEHIND_TCP -> behind(WaypointServices.TCP);
      };
    }

    private String behind(String kind) {
      return ClusterNames.inboundVip(port.number(), kind, subsetName(), service.hostname());
    }

    boolean passed() {
      return way == Way.PASSED;
    }

    /** The service is behind this waypoint. */
    boolean isBehind() {
      return way == Way.BEHIND_HTTP || way == Way.BEHIND_TCP;
    }

    String serverName() {
      return ClusterNames.serverName(port.number(), subsetName(), service.hostname());
    }

    String subsetName() {
      return subset.map(DestinationRule.Subset::name).orElse("");
    }
  }

  List<ClusterGenerator.Translated> clusters() {
    List<ClusterGenerator.Translated> clusters = new ArrayList<>();
    for (MeshService service : context.sidecarScope(node).allServices()) {
      addAll(service, clusters);
    }
    addPassed(clusters);
    return clusters;
  }

  /** Those of a waypoint: of the services behind it, and of others that rules lead to. */
  List<ClusterGenerator.Translated> clusters(WaypointServices waypoint) {
    List<ClusterGenerator.Translated> clusters = new ArrayList<>();
    for (MeshService service : waypoint.services()) {
      for (ServicePort port : service.ports()) {
        if (port.protocol() != Protocol.UDP) {
          for (String kind : WaypointServices.kinds(port)) {
            addPort(
                service,
                port,
                kind.equals(WaypointServices.HTTP) ? Way.BEHIND_HTTP : Way.BEHIND_TCP,
                clusters);
          }
        }
      }
    }
    for (String host : waypoint.others()) {
      context.sidecarScope(node).service(host).ifPresent(service -> addAll(service, clusters));
    }
    return clusters;
  }

  private void addAll(MeshService service, List<ClusterGenerator.Translated> clusters) {
    if (service.resolution() == Resolution.ALIAS) {
      return;
    }
    for (ServicePort port : service.ports()) {
      if (port.protocol() != Protocol.UDP) {
        addPort(service, port, Way.SERVICE, clusters);
      }
    }
  }

  private void addPort(
      MeshService service, ServicePort port, Way way, List<ClusterGenerator.Translated> clusters) {
    Optional<MeshDestinationRule> rule = context.destinationRule(node, service);
    add(new Target(service, port, rule, Optional.empty(), way), clusters);
    if (rule.isPresent()) {
      for (DestinationRule.Subset subset : rule.get().rule().subsets()) {
        add(new Target(service, port, rule, Optional.of(subset), way), clusters);
      }
    }
  }

  /** The clusters of services that a gateway passes mutual TLS on to, unopened. */
  private void addPassed(List<ClusterGenerator.Translated> clusters) {
    for (ClusterNames.Outbound passed : PassedServices.of(node, context)) {
      Optional<MeshService> service = context.sidecarScope(node).service(passed.host());
      Optional<ServicePort> port = service.flatMap(found -> found.port(passed.port()));
      if (service.isPresent() && port.isPresent()) {
        Optional<MeshDestinationRule> rule = context.destinationRule(node, service.get());
        Optional<DestinationRule.Subset> subset =
            rule.stream()
                .flatMap(found -> found.rule().subsets().stream())
                .filter(candidate -> candidate.name().equals(passed.subset()))
                .findFirst();
        add(new Target(service.get(), port.get(), rule, subset, Way.PASSED), clusters);
      }
    }
  }

  private void add(Target target, List<ClusterGenerator.Translated> clusters) {
    TrafficPolicies.Effective policy =
        target.rule().isPresent() && target.subset().isPresent()
            ? TrafficPolicies.ofSubset(
                target.rule().get().rule(),
                target.subset().get(),
                target.port().number(),
                context.mesh())
            : TrafficPolicies.ofPort(
                target.rule().map(MeshDestinationRule::rule),
                target.port().number(),
                context.mesh());
    Cluster.Builder cluster =
        Cluster.newBuilder().setName(target.name()).setAltStatName(statName(target) + ";");
    if (!applyDiscovery(cluster, target, policy)) {
      return;
    }
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
    if (target.isBehind()) {
      tls.applyBehindWaypoint(
          cluster,
          target.service(),
          policy,
          target.serverName(),
          version == ClusterSettings.HttpVersion.HTTP2);
    } else if (!target.passed()) {
      tls.apply(
          cluster,
          target.service(),
          target.port(),
          policy,
          target.serverName(),
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
            target.passed() ? Optional.empty() : policy.tls()));
    clusters.add(new ClusterGenerator.Translated(cluster.build(), origins(target)));
  }

  private String statName(Target target) {
    String pattern = context.mesh().telemetry().outboundClusterStatName();
    return pattern.isEmpty()
        ? target.name()
        : StatNames.of(pattern, target.service(), target.port(), target.subsetName(), 0);
  }

  private static List<Origin> origins(Target target) {
    List<Origin> origins = new ArrayList<>();
    target.rule().ifPresent(rule -> rule.from().forEach(from -> origins.add(from.origin())));
    origins.add(target.service().origin());
    return origins;
  }

  /** Sets how endpoints are found; false when there is nothing to resolve, so no cluster. */
  private boolean applyDiscovery(
      Cluster.Builder cluster, Target target, TrafficPolicies.Effective policy) {
    switch (target.service().resolution()) {
      case ENDPOINTS -> applyEds(cluster, target);
      case PASSTHROUGH -> {
        if (node.isSidecar() || target.isBehind()) {
          cluster.setType(Cluster.DiscoveryType.ORIGINAL_DST);
        } else {
          // nothing tells a gateway the original destination
          applyEds(cluster, target);
        }
      }
      case DNS -> {
        return applyDns(cluster, target, policy, Cluster.DiscoveryType.STRICT_DNS);
      }
      case DNS_ROUND_ROBIN -> {
        return applyDns(cluster, target, policy, Cluster.DiscoveryType.LOGICAL_DNS);
      }
      case DYNAMIC_DNS -> names.apply(cluster);
      case ALIAS -> {
        return false;
      }
    }
    return true;
  }

  private static void applyEds(Cluster.Builder cluster, Target target) {
    cluster
        .setType(Cluster.DiscoveryType.EDS)
        .setEdsClusterConfig(
            Cluster.EdsClusterConfig.newBuilder().setEdsConfig(ADS).setServiceName(target.name()));
  }

  @SuppressWarnings("deprecation") // Istio and stock Envoy use these fields, not the cluster type
  private boolean applyDns(
      Cluster.Builder cluster,
      Target target,
      TrafficPolicies.Effective policy,
      Cluster.DiscoveryType type) {
    List<ServiceEndpoint> endpoints =
        ServiceEndpoints.of(
            node,
            context,
            target.service(),
            target.port(),
            target.subset().map(DestinationRule.Subset::labels).orElse(Labels.EMPTY),
            policy);
    if (endpoints.isEmpty()) {
      return false;
    }
    cluster
        .setType(type)
        .setLoadAssignment(
            EndpointAssignments.assignment(
                target.name(),
                endpoints,
                LocalityPolicy.of(policy, context.mesh(), node.locality(), target.service()),
                node,
                endpoint ->
                    !target.isBehind() && MutualTlsClients.takes(context, endpoint, policy)))
        .setDnsLookupFamily(
            node.ip().indexOf(':') >= 0
                ? Cluster.DnsLookupFamily.V6_ONLY
                : Cluster.DnsLookupFamily.V4_ONLY)
        .setDnsRefreshRate(ProtoValues.duration(context.mesh().upstream().dnsRefreshRate()))
        .setDnsJitter(ProtoValues.duration(DNS_JITTER))
        .setRespectDnsTtl(true);
    return true;
  }
}
