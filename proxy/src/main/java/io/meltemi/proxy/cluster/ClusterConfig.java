package io.meltemi.proxy.cluster;

import io.meltemi.proxy.transport.UpstreamTransports;
import java.util.Optional;

/**
 * A parsed cluster: its settings and what else it needs to run.
 *
 * @param transports how connections to the hosts are secured
 * @param outlier outlier detection, when configured
 * @param healthCheck how hosts are asked for their health, when configured
 * @param endpoints written in the cluster itself; empty for EDS
 * @param cleanupNanos how often unused hosts of an original-destination cluster are forgotten
 */
public record ClusterConfig(
    ClusterSettings settings,
    UpstreamTransports transports,
    Optional<OutlierSettings> outlier,
    Optional<HealthCheck> healthCheck,
    EndpointAssignment endpoints,
    long cleanupNanos) {

  public String name() {
    return settings.name();
  }
}
