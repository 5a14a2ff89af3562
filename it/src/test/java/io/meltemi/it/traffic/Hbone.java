package io.meltemi.it.traffic;

import io.meltemi.testing.TestPki.Issued;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What ztunnel does beside workloads, as far as waypoints notice: ends and makes tunnels, which are
 * HTTP/2 CONNECT over mutual TLS (HBONE). A tunnel that is refused is a connection that is closed.
 */
final class Hbone implements AutoCloseable {
  static final int PORT = 15_008;

  private final EventLoopGroup loops;
  private final Map<String, Channel> listening = new ConcurrentHashMap<>();

  Hbone(EventLoopGroup loops) {
    this.loops = loops;
  }

  /**
   * A local address whose connections go through tunnels.
   *
   * @param waypoint where tunnels end
   * @param authority what they are for, {@code ip:port}
   */
  InetSocketAddress forwarder(
      String from, InetSocketAddress waypoint, String authority, Issued identity, Issued roots)
      throws IOException {
    String key = from + " " + waypoint + " " + authority;
    Channel known = listening.get(key);
    if (known == null) {
      SslContext tls = client(identity, roots);
      known =
          listen(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
              new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel plain) {
                  tunnel(plain, waypoint, authority, tls);
                }
              });
      listening.put(key, known);
    }
    return (InetSocketAddress) known.localAddress();
  }

  /** Ends tunnels at an address; each connection goes on to what its tunnel is for. */
  void serve(InetSocketAddress at, Issued identity, Issued roots) throws IOException {
    SslContext tls = server(identity, roots);
    listening.put(
        at.toString(),
        listen(
            at,
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel connection) {
                connection
                    .pipeline()
                    .addLast(tls.newHandler(connection.alloc()))
                    .addLast(Http2FrameCodecBuilder.forServer().build())
                    .addLast(new Http2MultiplexHandler(new Ending()));
              }
            }));
  }

  private Channel listen(InetSocketAddress at, ChannelInitializer<Channel> each)
      throws IOException {
    try {
      return new ServerBootstrap()
          .group(loops)
          .channel(NioServerSocketChannel.class)
          .childOption(ChannelOption.AUTO_READ, false)
          .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
          .childHandler(each)
          .bind(at)
          .sync()
          .channel();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private void tunnel(Channel plain, InetSocketAddress waypoint, String authority, SslContext tls) {
    new Bootstrap()
        .group(plain.eventLoop())
        .channel(NioSocketChannel.class)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel connection) {
                connection
                    .pipeline()
                    .addLast(tls.newHandler(connection.alloc()))
                    .addLast(Http2FrameCodecBuilder.forClient().build())
                    .addLast(new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()));
              }
            })
        .connect(waypoint)
        .addListener(
            (ChannelFutureListener)
                connected -> {
                  if (!connected.isSuccess()) {
                    plain.close();
                    return;
                  }
                  Channel connection = connected.channel();
                  plain.closeFuture().addListener(_ -> connection.close());
                  connection.closeFuture().addListener(_ -> plain.close());
                  new Http2StreamChannelBootstrap(connection)
                      .handler(new Stream(plain))
                      .open()
                      .addListener(
                          opened -> {
                            if (opened.isSuccess()) {
                              Channel stream = (Channel) opened.getNow();
                              plain.pipeline().addLast(new Plain(stream));
                              Http2Headers connect =
                                  new DefaultHttp2Headers().method("CONNECT").authority(authority);
                              stream.writeAndFlush(new DefaultHttp2HeadersFrame(connect, false));
                            } else {
                              plain.close();
                            }
                          });
                });
  }

  /** A stream that somebody else opened. */
  private static final class Ending extends ChannelInitializer<Channel> {
    @Override
    public boolean isSharable() {
      return true;
    }

    @Override
    protected void initChannel(Channel stream) {
      stream.pipeline().addLast(new Opening());
    }
  }

  /** Connects to what a tunnel is for, then answers. */
  private static final class Opening extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
      if (!(frame instanceof Http2HeadersFrame headers)) {
        ReferenceCountUtil.release(frame);
        return;
      }
      ctx.channel().config().setAutoRead(false);
      String[] target = headers.headers().authority().toString().split(":");
      new Bootstrap()
          .group(ctx.channel().eventLoop())
          .channel(NioSocketChannel.class)
          .option(ChannelOption.AUTO_READ, false)
          .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
          .handler(new Plain(ctx.channel()))
          .connect(new InetSocketAddress(target[0], Integer.parseInt(target[1])))
          .addListener(
              (ChannelFutureListener)
                  connected -> {
                    boolean there = connected.isSuccess();
                    Http2Headers answer = new DefaultHttp2Headers().status(there ? "200" : "503");
                    ctx.writeAndFlush(new DefaultHttp2HeadersFrame(answer, !there));
                    if (there) {
                      Channel plain = connected.channel();
                      ctx.pipeline().replace(this, "stream", new Stream(plain));
                      plain.config().setAutoRead(true);
                      ctx.channel().config().setAutoRead(true);
                    }
                  });
    }
  }

  /** The stream of a tunnel; its bytes go to a plain connection. */
  private static final class Stream extends ChannelInboundHandlerAdapter {
    private final Channel plain;

    Stream(Channel plain) {
      this.plain = plain;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
      boolean ends = false;
      if (frame instanceof Http2HeadersFrame headers) {
        CharSequence status = headers.headers().status();
        if (status != null && !status.toString().equals("200")) {
          plain.close();
          return;
        }
        plain.config().setAutoRead(true);
        ends = headers.isEndStream();
      } else if (frame instanceof Http2DataFrame data) {
        ends = data.isEndStream();
        plain.writeAndFlush(data.content().retain());
        data.release();
      } else {
        ReferenceCountUtil.release(frame);
      }
      if (ends) {
        ((DuplexChannel) plain).shutdownOutput();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      plain
          .writeAndFlush(io.netty.buffer.Unpooled.EMPTY_BUFFER)
          .addListener(ChannelFutureListener.CLOSE);
    }
  }

  /** The plain connection beside a tunnel. */
  private static final class Plain extends ChannelInboundHandlerAdapter {
    private final Channel stream;

    Plain(Channel stream) {
      this.stream = stream;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object bytes) {
      stream.writeAndFlush(new DefaultHttp2DataFrame((ByteBuf) bytes));
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        stream.writeAndFlush(new DefaultHttp2DataFrame(true));
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      stream.close();
    }
  }

  private static SslContext client(Issued identity, Issued roots) throws IOException {
    return finish(
        SslContextBuilder.forClient()
            .keyManager(bytes(identity.chain()), bytes(identity.key()))
            // a mesh's certificates name accounts, not hosts
            .endpointIdentificationAlgorithm(""),
        roots);
  }

  private static SslContext server(Issued identity, Issued roots) throws IOException {
    return finish(
        SslContextBuilder.forServer(bytes(identity.chain()), bytes(identity.key()))
            .clientAuth(ClientAuth.REQUIRE),
        roots);
  }

  private static SslContext finish(SslContextBuilder builder, Issued roots) throws IOException {
    return builder
        .sslProvider(SslProvider.JDK)
        .trustManager(bytes(roots.certificate()))
        .protocols("TLSv1.3")
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                List.of("h2")))
        .build();
  }

  private static InputStream bytes(String pem) {
    return new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  public void close() {
    listening.values().forEach(Channel::close);
  }
}
