package io.meltemi.config.traffic;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Envoy's zone-aware routing (Istio {@code ZoneAwareLoadBalancerSetting}).
 *
 * @param enabled unset means enabled
 * @param minClusterSize unset means 6
 */
public record ZoneAwareLb(
    Optional<Boolean> enabled,
    List<LocalityLb.Failover> failover,
    List<String> failoverPriority,
    OptionalLong minClusterSize) {
  public ZoneAwareLb {
    failover = List.copyOf(failover);
    failoverPriority = List.copyOf(failoverPriority);
  }
}
