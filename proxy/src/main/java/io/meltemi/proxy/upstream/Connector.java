package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.transport.TransportOptions;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;

/** Opens connections. Called on the loop that the connection shall live on. */
public interface Connector {
  /**
   * Starts to connect; the handler is in the pipeline from the beginning, behind that of TLS.
   *
   * @return completes on that loop, after the handshake where there is TLS, at the latest when the
   *     cluster's connect timeout is over
   */
  ChannelFuture connect(
      EventLoop loop, Cluster cluster, Host host, TransportOptions options, ChannelHandler handler);
}
