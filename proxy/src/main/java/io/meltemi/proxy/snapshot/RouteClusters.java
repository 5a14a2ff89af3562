package io.meltemi.proxy.snapshot;

import io.meltemi.proxy.route.ClusterSpecifier;
import io.meltemi.proxy.route.Route;
import io.meltemi.proxy.route.RouteAction;
import io.meltemi.proxy.route.RouteTable;
import io.meltemi.proxy.route.VirtualHost;
import java.util.Set;
import java.util.function.Predicate;

/** Finds the clusters that a route table names. */
final class RouteClusters {
  private RouteClusters() {}

  /** Whether the table sends anything to one of these clusters. */
  static boolean anyOf(RouteTable table, Set<String> clusters) {
    if (clusters.isEmpty()) {
      return false;
    }
    for (VirtualHost host : table.virtualHosts()) {
      for (Route route : host.routes()) {
        if (route.action() instanceof RouteAction.Forward forward
            && names(forward.cluster(), clusters::contains)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean names(ClusterSpecifier specifier, Predicate<String> wanted) {
    return switch (specifier) {
      case ClusterSpecifier.Single single -> wanted.test(single.cluster());
      case ClusterSpecifier.FromHeader _ -> false;
      case ClusterSpecifier.Weighted weighted ->
          weighted.shares().stream().anyMatch(share -> names(share.cluster(), wanted));
    };
  }
}
