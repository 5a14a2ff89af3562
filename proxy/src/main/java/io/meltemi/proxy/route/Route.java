package io.meltemi.proxy.route;

import io.meltemi.proxy.parse.Metadata;

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
   * @param operation of the decorator; empty for none
   * @param propagateOperation whether the operation is written to {@code
   *     x-envoy-decorator-operation} of the response
   */
  public record Labels(
      String virtualHost,
      String statPrefix,
      String operation,
      boolean propagateOperation,
      Metadata metadata) {}
}
