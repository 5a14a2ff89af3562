package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterSettings;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.transport.TransportOptions;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import java.util.concurrent.TimeUnit;

/** Connects plain sockets. */
public final class SocketConnector implements Connector {
  private final ChannelFactory<? extends Channel> channels;

  /**
   * @param channels makes the socket channels that fit the event loops
   */
  public SocketConnector(ChannelFactory<? extends Channel> channels) {
    this.channels = channels;
  }

  @Override
  public ChannelFuture connect(
      EventLoop loop,
      Cluster cluster,
      Host host,
      TransportOptions options,
      ChannelHandler handler) {
    ClusterSettings.Connection settings = cluster.settings().connection();
    long timeoutMillis = Math.max(1, TimeUnit.NANOSECONDS.toMillis(settings.connectTimeoutNanos()));
    int limit = settings.bufferLimitBytes();
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channelFactory(channels)
            .handler(handler)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                (int) Math.min(timeoutMillis, Integer.MAX_VALUE))
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(limit / 2, limit));
    if (host.address() instanceof java.net.InetSocketAddress) {
      bootstrap.option(ChannelOption.TCP_NODELAY, true);
      if (settings.keepalive().isPresent()) {
        bootstrap.option(ChannelOption.SO_KEEPALIVE, true);
      }
    }
    if (settings.source().isPresent()) {
      return bootstrap.connect(host.address(), settings.source().get());
    }
    return bootstrap.connect(host.address());
  }
}
