package io.meltemi.proxy.route;

import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.tracing.RequestTrace;

/**
 * One route of a virtual host.
 *
 * @param name may be empty
 * @param headers all mutations, those of the virtual host and the table included; a weighted
 *     cluster's {@link ClusterSpecifier.Share#headers} replace them
 * @param filterConfigs all per-filter configurations, likewise merged and replaced
 */
public record Route(
    String name,
    RouteMatcher matcher,
    RouteAction action,
    RouteHeaders headers,
    RouteFilterConfigs filterConfigs,
    Labels labels) {

  /**
   * What is only told on.
   *
   * @param virtualHost name of the virtual host
   * @param statPrefix of the route's own stats; empty for none
   * @param trace what is told of spans
   * @param virtualClusters of the virtual host
   */
  public record Labels(
      String virtualHost,
      String statPrefix,
      RequestTrace.OfRoute trace,
      Metadata metadata,
      VirtualClusters virtualClusters) {
    public Labels(
        String virtualHost, String statPrefix, RequestTrace.OfRoute trace, Metadata metadata) {
      this(virtualHost, statPrefix, trace, metadata, VirtualClusters.NONE);
    }
  }
}
