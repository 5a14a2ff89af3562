package io.meltemi.it.traffic;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Takes a connection to another address. With the PROXY protocol's header in front that is what
 * capture by iptables does: the sidecar learns where the connection wanted to go.
 */
final class Redirect extends ChannelInboundHandlerAdapter {
  private final InetSocketAddress target;
  private final boolean capture;

  Redirect(InetSocketAddress target, boolean capture) {
    this.target = target;
    this.capture = capture;
  }

  /** The line that tells a proxy of a captured connection. */
  static String header(InetSocketAddress source, InetSocketAddress destination) {
    return "PROXY TCP4 %s %s %d %d\r\n"
        .formatted(
            source.getAddress().getHostAddress(),
            destination.getAddress().getHostAddress(),
            source.getPort(),
            destination.getPort());
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    Channel outside = ctx.channel();
    outside.config().setAutoRead(false);
    String header =
        capture
            ? header(
                (InetSocketAddress) outside.remoteAddress(),
                (InetSocketAddress) outside.localAddress())
            : "";
    Relay toSidecar = new Relay();
    Relay toOutside = new Relay();
    outside.pipeline().addLast(toSidecar);
    new Bootstrap()
        .group(outside.eventLoop())
        .channel(NioSocketChannel.class)
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(toOutside);
              }
            })
        .connect(target)
        .addListener(
            (ChannelFuture connected) -> {
              if (!connected.isSuccess()) {
                outside.close();
                return;
              }
              Channel inside = connected.channel();
              inside.writeAndFlush(Unpooled.copiedBuffer(header, StandardCharsets.US_ASCII));
              toSidecar.peer = inside;
              toOutside.peer = outside;
              inside.read();
              outside.read();
            });
  }

  /** Copies one direction, one read at a time; passes on ends and resets. */
  private static final class Relay extends ChannelDuplexHandler {
    @Nullable Channel peer;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      Channel to = peer;
      if (to == null) {
        io.netty.util.ReferenceCountUtil.release(message);
        return;
      }
      to.writeAndFlush(message)
          .addListener(
              (ChannelFuture written) -> {
                if (written.isSuccess()) {
                  ctx.channel().read();
                } else {
                  ctx.channel().close();
                }
              });
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent && peer instanceof DuplexChannel to) {
        to.writeAndFlush(Unpooled.EMPTY_BUFFER)
            .addListener((ChannelFutureListener) _ -> to.shutdownOutput());
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      Channel to = peer;
      if (to != null && to.isActive()) {
        to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      Channel to = peer;
      if (to != null) {
        to.config().setOption(ChannelOption.SO_LINGER, 0);
        to.close();
      }
      ctx.close();
    }
  }
}
