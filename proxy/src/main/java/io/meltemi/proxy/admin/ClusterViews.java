package io.meltemi.proxy.admin;

import io.envoyproxy.envoy.admin.v3.ClusterStatus;
import io.envoyproxy.envoy.admin.v3.Clusters;
import io.envoyproxy.envoy.admin.v3.HostHealthStatus;
import io.envoyproxy.envoy.admin.v3.HostStatus;
import io.envoyproxy.envoy.admin.v3.SimpleMetric;
import io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.HealthStatus;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.Pipe;
import io.envoyproxy.envoy.config.core.v3.RoutingPriority;
import io.meltemi.proxy.cluster.CircuitBreakers.Thresholds;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterSettings;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostStat;
import io.meltemi.proxy.snapshot.LoadedResource;
import io.meltemi.xds.resource.TypeUrl;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** {@code /clusters}, as text and as {@code admin.v3.Clusters}. */
final class ClusterViews {
  private final AdminContext context;

  ClusterViews(AdminContext context) {
    this.context = context;
  }

  private List<Cluster> clusters() {
    return context.running().clusters().all().stream()
        .sorted(Comparator.comparing(Cluster::name))
        .toList();
  }

  private Set<String> fromApi() {
    return context.running().resources().list(TypeUrl.CLUSTER, LoadedResource.State.ACTIVE).stream()
        .filter(resource -> !resource.isStatic())
        .map(LoadedResource::name)
        .collect(Collectors.toSet());
  }

  String text() {
    StringBuilder out = new StringBuilder();
    Set<String> fromApi = fromApi();
    for (Cluster cluster : clusters()) {
      String name = cluster.name();
      line(out, name, "observability_name", cluster.settings().statName());
      if (cluster.settings().discovery() instanceof ClusterSettings.Discovery.Eds eds) {
        line(out, name, "eds_service_name", eds.serviceName());
      }
      limits(out, name + "::default_priority", cluster.settings().breakers().normal());
      limits(out, name + "::high_priority", cluster.settings().breakers().high());
      line(out, name, "added_via_api", "" + fromApi.contains(name));
      for (Host host : cluster.hosts()) {
        host(out, name + "::" + address(host), host);
      }
    }
    return out.toString();
  }

  private static void limits(StringBuilder out, String prefix, Thresholds limits) {
    line(out, prefix, "max_connections", "" + limits.connectionsMax());
    line(out, prefix, "max_pending_requests", "" + limits.pendingRequestsMax());
    line(out, prefix, "max_requests", "" + limits.requestsMax());
    line(out, prefix, "max_retries", "" + limits.retriesMax());
  }

  private static void host(StringBuilder out, String prefix, Host host) {
    for (HostStat stat : HostStat.values()) {
      line(out, prefix, stat.text(), "" + host.get(stat));
    }
    Host.Placement placement = host.placement();
    line(out, prefix, "hostname", host.hostname());
    line(out, prefix, "health_flags", healthFlags(host));
    line(out, prefix, "weight", "" + placement.weight());
    line(out, prefix, "region", placement.locality().region());
    line(out, prefix, "zone", placement.locality().zone());
    line(out, prefix, "sub_zone", placement.locality().subZone());
    line(out, prefix, "canary", "false");
    line(out, prefix, "priority", "" + placement.priority());
    line(out, prefix, "success_rate", "-1");
    line(out, prefix, "local_origin_success_rate", "-1");
  }

  private static String healthFlags(Host host) {
    String flags =
        (host.failsChecks() ? "/failed_active_hc" : "")
            + (host.ejected() ? "/failed_outlier_check" : "")
            + (host.checkedDegraded() ? "/degraded_active_hc" : "")
            + (host.isExcluded() ? "/pending_active_hc" : "")
            + switch (host.placement().health()) {
              case UNHEALTHY, TIMEOUT, DRAINING -> "/failed_eds_health";
              case DEGRADED -> "/degraded_eds_health";
              case UNKNOWN, HEALTHY -> "";
            };
    return flags.isEmpty() ? "healthy" : flags;
  }

  private static void line(StringBuilder out, String prefix, String key, String value) {
    out.append(prefix).append("::").append(key).append("::").append(value).append('\n');
  }

  private static String address(Host host) {
    return host.address() instanceof InetSocketAddress inet
        ? ServerViews.text(inet)
        : host.address().toString();
  }

  Clusters message() {
    Clusters.Builder all = Clusters.newBuilder();
    Set<String> fromApi = fromApi();
    for (Cluster cluster : clusters()) {
      ClusterStatus.Builder status =
          ClusterStatus.newBuilder()
              .setName(cluster.name())
              .setObservabilityName(cluster.settings().statName())
              .setAddedViaApi(fromApi.contains(cluster.name()))
              .setCircuitBreakers(
                  CircuitBreakers.newBuilder()
                      .addThresholds(
                          thresholds(
                              RoutingPriority.DEFAULT, cluster.settings().breakers().normal()))
                      .addThresholds(
                          thresholds(RoutingPriority.HIGH, cluster.settings().breakers().high())));
      if (cluster.settings().discovery() instanceof ClusterSettings.Discovery.Eds eds) {
        status.setEdsServiceName(eds.serviceName());
      }
      cluster.hosts().forEach(host -> status.addHostStatuses(host(host)));
      all.addClusterStatuses(status);
    }
    return all.build();
  }

  private static CircuitBreakers.Thresholds thresholds(
      RoutingPriority priority, Thresholds limits) {
    return CircuitBreakers.Thresholds.newBuilder()
        .setPriority(priority)
        .setMaxConnections(value(limits.connectionsMax()))
        .setMaxPendingRequests(value(limits.pendingRequestsMax()))
        .setMaxRequests(value(limits.requestsMax()))
        .setMaxRetries(value(limits.retriesMax()))
        .build();
  }

  private static com.google.protobuf.UInt32Value value(long number) {
    return com.google.protobuf.UInt32Value.of((int) number);
  }

  private static HostStatus host(Host host) {
    Host.Placement placement = host.placement();
    HostStatus.Builder status =
        HostStatus.newBuilder()
            .setHostname(host.hostname())
            .setWeight(placement.weight())
            .setPriority(placement.priority())
            .setHealthStatus(
                HostHealthStatus.newBuilder()
                    .setFailedOutlierCheck(host.ejected())
                    .setFailedActiveHealthCheck(host.failsChecks())
                    .setFailedActiveDegradedCheck(host.checkedDegraded())
                    .setPendingActiveHc(host.isExcluded())
                    .setEdsHealthStatus(
                        switch (placement.health()) {
                          case UNKNOWN, HEALTHY -> HealthStatus.HEALTHY;
                          case UNHEALTHY -> HealthStatus.UNHEALTHY;
                          case DRAINING -> HealthStatus.DRAINING;
                          case TIMEOUT -> HealthStatus.TIMEOUT;
                          case DEGRADED -> HealthStatus.DEGRADED;
                        }));
    if (!placement.locality().isUnknown()) {
      status.setLocality(
          Locality.newBuilder()
              .setRegion(placement.locality().region())
              .setZone(placement.locality().zone())
              .setSubZone(placement.locality().subZone()));
    }
    if (host.address() instanceof InetSocketAddress inet) {
      status.setAddress(ServerViews.address(inet));
    } else if (host.address() instanceof UnixDomainSocketAddress pipe) {
      status.setAddress(
          Address.newBuilder().setPipe(Pipe.newBuilder().setPath(pipe.getPath().toString())));
    }
    for (HostStat stat : HostStat.values()) {
      status.addStats(
          SimpleMetric.newBuilder()
              .setName(stat.text())
              .setType(stat.gauge() ? SimpleMetric.Type.GAUGE : SimpleMetric.Type.COUNTER)
              .setValue(host.get(stat)));
    }
    return status.build();
  }
}
