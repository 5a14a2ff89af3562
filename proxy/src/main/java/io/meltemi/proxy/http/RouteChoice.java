package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.route.ClusterSpecifier;
import io.meltemi.proxy.route.Route;
import io.meltemi.proxy.route.RouteAction;
import io.meltemi.proxy.route.RouteFilterConfigs;
import io.meltemi.proxy.route.RouteHeaders;
import org.jspecify.annotations.Nullable;

/** A route and what was drawn for one stream: a weighted cluster is chosen once. */
public final class RouteChoice {
  private @Nullable Route route;
  private @Nullable String cluster;
  private String hostRewrite = "";
  private RouteHeaders headers = RouteHeaders.NONE;
  private RouteFilterConfigs filterConfigs = RouteFilterConfigs.NONE;

  RouteChoice() {}

  void clear() {
    route = null;
    cluster = null;
    hostRewrite = "";
    headers = RouteHeaders.NONE;
    filterConfigs = RouteFilterConfigs.NONE;
  }

  void choose(Route chosen, long random, HeaderBlock request) {
    route = chosen;
    cluster = null;
    hostRewrite = "";
    headers = chosen.headers();
    filterConfigs = chosen.filterConfigs();
    if (chosen.action() instanceof RouteAction.Forward forward) {
      ClusterSpecifier specifier = forward.cluster();
      if (specifier instanceof ClusterSpecifier.Weighted weighted) {
        ClusterSpecifier.Share share = weighted.choose(random, request);
        hostRewrite = share.hostRewrite();
        headers = share.headers();
        filterConfigs = share.filterConfigs();
        specifier = share.cluster();
      }
      cluster = clusterName(specifier, request);
    }
  }

  /** The cluster that a specifier names for a request; null when it names none. */
  public static @Nullable String clusterName(ClusterSpecifier specifier, HeaderBlock request) {
    return switch (specifier) {
      case ClusterSpecifier.Single single -> single.cluster();
      case ClusterSpecifier.FromHeader header -> header.cluster(request);
      case ClusterSpecifier.Weighted _ ->
          throw new IllegalStateException("a share is never weighted itself");
    };
  }

  public @Nullable Route route() {
    return route;
  }

  /** The cluster to forward to; null when the request names none. */
  public @Nullable String cluster() {
    return cluster;
  }

  /** Authority that the weighted cluster asks for; empty for none. */
  public String hostRewrite() {
    return hostRewrite;
  }

  public RouteHeaders headers() {
    return headers;
  }

  public RouteFilterConfigs filterConfigs() {
    return filterConfigs;
  }
}
