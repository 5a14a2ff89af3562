package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.transport.TransportOptions;
import java.util.List;

/**
 * What the tries of one request after another ask of their connections; seldom made anew. Event
 * loop only.
 */
final class TryOptions {
  private final HttpFilterContext context;

  /* What the options of a try were made of last. */
  private List<String> lastOffers = List.of();
  private TransportOptions lastOfHost = TransportOptions.NONE;
  private TransportOptions lastOptions = TransportOptions.NONE;

  TryOptions(HttpFilterContext context) {
    this.context = context;
  }

  boolean isHttp2Downstream() {
    return context.streamInfo().protocol.equals("HTTP/2");
  }

  /** What a request to a cluster asks for, but the protocols that the connection offers. */
  TransportOptions ofHost(Cluster cluster, HeaderBlock headers) {
    TransportOptions ofHost = HostNaming.options(cluster, headers);
    return cluster.tellsClients() ? ofHost.withClient(context.connection().client()) : ofHost;
  }

  TransportOptions of(Cluster cluster) {
    TransportOptions ofHost = ofHost(cluster, context.requestHeaders());
    List<String> offers = context.streamInfo().upstreamOffers;
    if (offers.isEmpty()) {
      return ofHost;
    }
    if (offers != lastOffers || !lastOfHost.equals(ofHost)) {
      lastOffers = offers;
      lastOfHost = ofHost;
      lastOptions = ofHost.withApplicationProtocols(offers);
    }
    return lastOptions;
  }

  /** Of a connection that a CONNECT ends in. */
  TransportOptions ofTunnel() {
    return TransportOptions.NONE
        .withClient(context.connection().client())
        .withPassed(context.streamInfo().filterState.shared());
  }
}
