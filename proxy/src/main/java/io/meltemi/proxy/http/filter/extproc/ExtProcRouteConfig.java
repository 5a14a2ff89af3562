package io.meltemi.proxy.http.filter.extproc;

import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.upstream.GrpcClient;
import java.util.Optional;

/**
 * What a route says.
 *
 * @param modes empty for those of the chain
 * @param target empty for that of the chain
 */
record ExtProcRouteConfig(
    boolean disabled, Optional<Modes> modes, Optional<GrpcClient.Target> target)
    implements RouteFilterConfig {
  static final ExtProcRouteConfig NONE =
      new ExtProcRouteConfig(false, Optional.empty(), Optional.empty());
}
