package io.meltemi.proxy;

import io.meltemi.proxy.cluster.CircuitBreakers;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostHealth;
import io.meltemi.proxy.telemetry.StatSource;
import io.meltemi.proxy.telemetry.StatVisitor;
import java.util.List;

/** Hosts and circuit breakers of every cluster, computed at each scrape. */
record MembershipStats(ClusterManager clusters) implements StatSource {

  @Override
  public void visit(StatVisitor visitor) {
    for (Cluster cluster : clusters.all()) {
      String prefix = "cluster." + cluster.settings().statName() + ".";
      List<Host> hosts = cluster.hosts();
      visitor.gauge(prefix, "membership_total", hosts.size());
      visitor.gauge(prefix, "membership_healthy", count(hosts, HostHealth.HEALTHY));
      visitor.gauge(prefix, "membership_degraded", count(hosts, HostHealth.DEGRADED));
      visitor.gauge(prefix, "membership_excluded", hosts.stream().filter(Host::isExcluded).count());
      breakers(prefix, "circuit_breakers.default.", cluster.circuitBreakers(), visitor);
      breakers(prefix, "circuit_breakers.high.", cluster.highPriorityCircuitBreakers(), visitor);
    }
  }

  private static long count(List<Host> hosts, HostHealth health) {
    return hosts.stream().filter(host -> host.health() == health).count();
  }

  private static void breakers(
      String prefix, String group, CircuitBreakers breakers, StatVisitor visitor) {
    CircuitBreakers.Thresholds limits = breakers.thresholds();
    visitor.gauge(prefix, group + "cx_open", open(breakers.connections(), limits.connectionsMax()));
    visitor.gauge(
        prefix,
        group + "rq_pending_open",
        open(breakers.pendingRequests(), limits.pendingRequestsMax()));
    visitor.gauge(prefix, group + "rq_open", open(breakers.requests(), limits.requestsMax()));
    visitor.gauge(prefix, group + "rq_retry_open", open(breakers.retries(), limits.retriesMax()));
    if (limits.trackRemaining()) {
      visitor.gauge(
          prefix, group + "remaining_cx", limits.connectionsMax() - breakers.connections());
      visitor.gauge(prefix, group + "remaining_rq", limits.requestsMax() - breakers.requests());
      visitor.gauge(
          prefix,
          group + "remaining_pending",
          limits.pendingRequestsMax() - breakers.pendingRequests());
      visitor.gauge(prefix, group + "remaining_retries", limits.retriesMax() - breakers.retries());
    }
  }

  private static long open(long used, long max) {
    return used >= max ? 1 : 0;
  }
}
