package io.meltemi.config.traffic;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Preference for near endpoints (Istio {@code LocalityLoadBalancerSetting}).
 *
 * @param enabled unset means enabled
 * @param failoverPriority label keys or {@code key=value}, the most telling first
 */
public record LocalityLb(
    List<Distribute> distribute,
    List<Failover> failover,
    List<String> failoverPriority,
    Optional<Boolean> enabled) {

  /**
   * Shares by locality.
   *
   * @param from {@code region/zone/subzone}, a trailing {@code *} allowed
   * @param to locality pattern to percent; the sum is 100
   */
  public record Distribute(String from, Map<String, Integer> to) {
    public Distribute {
      to = java.util.Collections.unmodifiableMap(new java.util.TreeMap<>(to));
    }
  }

  /** Region to region. */
  public record Failover(String from, String to) {}

  public LocalityLb {
    distribute = List.copyOf(distribute);
    failover = List.copyOf(failover);
    failoverPriority = List.copyOf(failoverPriority);
  }
}
