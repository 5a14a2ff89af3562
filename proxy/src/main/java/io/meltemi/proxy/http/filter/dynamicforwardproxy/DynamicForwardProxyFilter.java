package io.meltemi.proxy.http.filter.dynamicforwardproxy;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.cluster.DynamicHosts;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.RouteChoice;
import io.meltemi.proxy.telemetry.ResponseFlag;
import org.jspecify.annotations.Nullable;

/** Holds a request until its host is looked up. */
final class DynamicForwardProxyFilter implements HttpFilter {
  private final HttpFilterContext context;
  private final ClusterManager clusters;
  private @Nullable Lookup lookup;

  /** One request's wait. Its answer comes on another thread. */
  private final class Lookup implements DynamicHosts.Waiter {
    private final DynamicHosts hosts;
    private final String authority;

    Lookup(DynamicHosts hosts, String authority) {
      this.hosts = hosts;
      this.authority = authority;
    }

    @Override
    public void onLookedUp(boolean found) {
      context.loop().eventLoop().execute(() -> done(this, found));
    }
  }

  DynamicForwardProxyFilter(HttpFilterContext context, ClusterManager clusters) {
    this.context = context;
    this.clusters = clusters;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    RouteChoice choice = context.routeChoice();
    String name = choice == null ? null : choice.cluster();
    Cluster cluster = name == null ? null : clusters.get(name);
    if (cluster == null || !(cluster.loadBalancer() instanceof DynamicHosts hosts)) {
      return FilterStatus.CONTINUE;
    }
    rewrite(headers);
    String authority = headers.get(HeaderName.AUTHORITY);
    if (authority == null || authority.isEmpty()) {
      context.sendLocalReply(400, "Empty host header", null, "empty_host_header");
      return FilterStatus.PAUSE;
    }
    Lookup waiting = new Lookup(hosts, authority);
    return switch (hosts.load(authority, waiting)) {
      case READY -> FilterStatus.CONTINUE;
      case LOADING -> {
        lookup = waiting;
        yield FilterStatus.PAUSE;
      }
      case FAILED -> {
        notFound();
        yield FilterStatus.PAUSE;
      }
      case HOSTS_OVERFLOW -> {
        context.sendLocalReply(503, "DNS cache overflow", null, "dns_cache_overflow");
        yield FilterStatus.PAUSE;
      }
      case PENDING_OVERFLOW -> {
        context.sendLocalReply(
            503,
            "Dynamic forward proxy pending request overflow",
            null,
            "dynamic_forward_proxy_pending_request_overflow");
        yield FilterStatus.PAUSE;
      }
    };
  }

  private void rewrite(HeaderBlock headers) {
    if (!(context.routeConfig() instanceof HostRewrite rewrite)) {
      return;
    }
    switch (rewrite) {
      case HostRewrite.None _ -> {}
      case HostRewrite.Literal(String host) -> headers.set(HeaderName.AUTHORITY, host);
      case HostRewrite.FromHeader(HeaderName header) -> {
        String host = headers.get(header);
        if (host != null && !host.isEmpty()) {
          headers.set(HeaderName.AUTHORITY, host);
        }
      }
    }
  }

  private void notFound() {
    context.sendLocalReply(
        503,
        "DNS resolution failure",
        ResponseFlag.DNS_RESOLUTION_FAILED,
        "dns_resolution_failure{not_found}");
  }

  private void done(Lookup ended, boolean found) {
    if (lookup != ended) {
      // the stream has ended in the meantime
      return;
    }
    lookup = null;
    if (found) {
      context.continueDecoding();
    } else {
      notFound();
    }
  }

  @Override
  public void onStreamEnd() {
    Lookup waiting = lookup;
    if (waiting != null) {
      lookup = null;
      waiting.hosts.cancel(waiting.authority, waiting);
    }
  }
}
