package io.meltemi.proxy.http.filter.alpn;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.cluster.ClusterSettings.Protocol;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.RouteChoice;
import java.util.List;

/**
 * Offers other protocols by ALPN than the cluster says. A cluster whose protocol is chosen by ALPN
 * keeps its own, for its answer must stay what the connection speaks.
 */
final class AlpnFilter implements HttpFilter {
  private final HttpFilterContext context;
  private final ClusterManager clusters;
  private final List<String> http10;
  private final List<String> http11;
  private final List<String> http2;

  AlpnFilter(
      HttpFilterContext context,
      ClusterManager clusters,
      List<String> http10,
      List<String> http11,
      List<String> http2) {
    this.context = context;
    this.clusters = clusters;
    this.http10 = http10;
    this.http11 = http11;
    this.http2 = http2;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    RouteChoice choice = context.routeChoice();
    String name = choice == null ? null : choice.cluster();
    Cluster cluster = name == null ? null : clusters.get(name);
    if (cluster != null && cluster.settings().traits().alpnOverride()) {
      context.streamInfo().upstreamOffers = offers(cluster.settings().http().protocol());
    }
    return FilterStatus.CONTINUE;
  }

  private List<String> offers(Protocol upstream) {
    return switch (upstream) {
      case HTTP1 -> http11;
      case HTTP2 -> http2;
      case DOWNSTREAM ->
          switch (context.streamInfo().protocol) {
            case "HTTP/2" -> http2;
            case "HTTP/1.0" -> http10;
            default -> http11;
          };
      case AUTO -> List.of();
    };
  }
}
