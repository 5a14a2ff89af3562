package io.meltemi.proxy.cluster;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.StatScope;
import java.util.List;

/**
 * Hosts that one picker chooses among.
 *
 * @param hosts at least one
 * @param shares for policies that hash, of each host in the same order, summing to 1: its weight,
 *     and that of its locality where localities are weighted; else empty
 * @param stats of the cluster
 */
public record HostGroup(
    List<Host> hosts,
    List<Double> shares,
    ClusterSettings.Balancing settings,
    StatScope stats,
    Ticker ticker) {
  public HostGroup {
    hosts = List.copyOf(hosts);
    shares = List.copyOf(shares);
    if (hosts.isEmpty() || (!shares.isEmpty() && hosts.size() != shares.size())) {
      throw new IllegalArgumentException(
          hosts.size() + " hosts and " + shares.size() + " shares (expected: as many, and some)");
    }
  }
}
