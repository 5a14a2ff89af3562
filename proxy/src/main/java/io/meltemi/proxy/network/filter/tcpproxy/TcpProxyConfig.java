package io.meltemi.proxy.network.filter.tcpproxy;

import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.upstream.Connector;
import io.meltemi.proxy.upstream.UpstreamPools;
import java.util.Optional;

/** A TCP proxy of one filter chain. */
record TcpProxyConfig(
    TcpProxySettings settings,
    Optional<TunnelSettings> tunnel,
    ClusterManager clusters,
    Connector connector,
    UpstreamPools pools,
    TcpProxyStats stats)
    implements NetworkFilterConfig {
  @Override
  public void install(DownstreamConnection connection) {
    connection
        .channel()
        .pipeline()
        .addLast(
            tunnel.isPresent()
                ? new TunnelSession(this, tunnel.get(), connection)
                : new TcpProxySession(this, connection));
  }
}
