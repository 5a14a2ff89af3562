package io.meltemi.proxy.network.filter.tcpproxy;

import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.upstream.Connector;

/** A TCP proxy of one filter chain. */
record TcpProxyConfig(
    TcpProxySettings settings, ClusterManager clusters, Connector connector, TcpProxyStats stats)
    implements NetworkFilterConfig {
  @Override
  public void install(DownstreamConnection connection) {
    connection.channel().pipeline().addLast(new TcpProxySession(this, connection));
  }
}
