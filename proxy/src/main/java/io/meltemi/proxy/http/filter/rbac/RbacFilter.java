package io.meltemi.proxy.http.filter.rbac;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.rbac.AccessRequest;
import io.meltemi.proxy.rbac.RbacCheck;
import io.meltemi.proxy.rbac.RbacLabels;
import io.meltemi.proxy.route.Route;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Lets a request pass or answers it. */
final class RbacFilter implements HttpFilter {
  private final RbacCheck chainCheck;
  private final RbacLabels labels;
  private final HttpFilterContext context;
  private final AccessRequest request;
  private @Nullable RbacRouteConfig lastRoute;
  private RbacCheck routeCheck;

  RbacFilter(RbacCheck chainCheck, RbacLabels labels, HttpFilterContext context) {
    this.chainCheck = chainCheck;
    this.routeCheck = chainCheck;
    this.labels = labels;
    this.context = context;
    this.request = new AccessRequest(this::routeMetadata, this::filterState);
  }

  /** Of the request, else of its connection. */
  private byte @Nullable [] filterState(String key) {
    byte[] own = context.streamInfo().filterState.get(key);
    return own != null ? own : context.connection().filterState().get(key);
  }

  private Optional<Metadata> routeMetadata() {
    Route route = context.route();
    return route == null ? Optional.empty() : Optional.of(route.labels().metadata());
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    RbacCheck check = check();
    StreamInfo info = context.streamInfo();
    request.begin(context.connection().accessFacts(), info, headers);
    String details = check.deny(request, info.dynamicMetadata);
    request.end();
    if (details == null) {
      return FilterStatus.CONTINUE;
    }
    context.sendLocalReply(403, "RBAC: access denied", null, details);
    return FilterStatus.PAUSE;
  }

  private RbacCheck check() {
    if (!(context.routeConfig() instanceof RbacRouteConfig ofRoute)) {
      return chainCheck;
    }
    if (ofRoute != lastRoute) {
      lastRoute = ofRoute;
      routeCheck = ofRoute.check(labels, context.stats());
    }
    return routeCheck;
  }
}
