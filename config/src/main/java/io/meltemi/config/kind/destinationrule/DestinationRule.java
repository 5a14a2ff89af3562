package io.meltemi.config.kind.destinationrule;

import io.meltemi.common.labels.Labels;
import java.util.List;
import java.util.Optional;

/**
 * Policies for traffic to a host, applied after routing.
 *
 * @param host as written; a short name is completed by the reader; may be a wildcard
 * @param exportTo empty means the mesh's default
 * @param workloadSelector clients in the same namespace that it is for; unset means all
 * @see <a
 *     href="https://istio.io/latest/docs/reference/config/networking/destination-rule/">DestinationRule</a>
 */
public record DestinationRule(
    String host,
    Optional<TrafficPolicy> trafficPolicy,
    List<Subset> subsets,
    List<String> exportTo,
    Optional<Labels> workloadSelector) {

  /**
   * A named part of the endpoints.
   *
   * @param labels empty means all endpoints
   * @param trafficPolicy field by field over that of the rule
   */
  public record Subset(String name, Labels labels, Optional<TrafficPolicy> trafficPolicy) {}

  public DestinationRule {
    subsets = List.copyOf(subsets);
    exportTo = List.copyOf(exportTo);
  }
}
