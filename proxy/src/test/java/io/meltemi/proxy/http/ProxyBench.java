package io.meltemi.proxy.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * A bare router for load generators: {@code ProxyBench backendPort listenPort [nio]}. Not a test.
 */
final class ProxyBench {
  private ProxyBench() {}

  public static void main(String[] arguments) throws Exception {
    boolean nio = arguments.length > 2 && arguments[2].equals("nio");
    MultiThreadIoEventLoopGroup group =
        new MultiThreadIoEventLoopGroup(
            1, nio ? NioIoHandler.newFactory() : EpollIoHandler.newFactory());
    InetSocketAddress backend =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
    try (ProxyHarness proxy =
        new ProxyHarness(group, nio ? NioSocketChannel::new : EpollSocketChannel::new)
            .cluster("a", s -> s, backend)) {
      var config =
          proxy.parse(
              """
              stat_prefix: t
              route_config:
                name: r
                virtual_hosts:
                - name: all
                  domains: ["*"]
                  routes:
                  - match: {prefix: "/"}
                    route: {cluster: a}
              http_filters:
              - name: envoy.filters.http.router
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              """);
      new ServerBootstrap()
          .group(group)
          .channelFactory(nio ? NioServerSocketChannel::new : EpollServerSocketChannel::new)
          .childOption(ChannelOption.AUTO_READ, false)
          .childOption(ChannelOption.TCP_NODELAY, true)
          .childHandler(
              new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                  proxy.install(config, channel);
                }
              })
          .bind(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[1]))
          .sync()
          .channel()
          .closeFuture()
          .sync();
    }
  }
}
