package io.meltemi.it.traffic;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;

/** Every port of every application of a world, on two event loops. */
final class EchoServers implements AutoCloseable {
  static final int BODY_BYTES_MAX = 16 << 20;

  /** Where a sidecar's own connections to its application come from, as capture rules know them. */
  private static final String SIDECAR_SOURCE = "127.0.0.6";

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
  private final List<Channel> servers = new ArrayList<>();
  private final SslContext tls;
  private final SslContext mutual;
  private final SslContext lines;
  private final GrpcApplications grpc = new GrpcApplications();

  EchoServers(Path pki) throws SSLException {
    tls = context(pki, true, ClientAuth.OPTIONAL);
    mutual = context(pki, true, ClientAuth.REQUIRE);
    lines = context(pki, false, ClientAuth.NONE);
  }

  private static SslContext context(Path pki, boolean http, ClientAuth clients)
      throws SSLException {
    SslContextBuilder builder =
        SslContextBuilder.forServer(
                pki.resolve("app.crt").toFile(), pki.resolve("app.key").toFile())
            .sslProvider(SslProvider.JDK)
            .trustManager(pki.resolve("ca.crt").toFile())
            .clientAuth(clients);
    if (http) {
      builder.applicationProtocolConfig(
          new ApplicationProtocolConfig(
              ApplicationProtocolConfig.Protocol.ALPN,
              ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
              ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
              "h2",
              "http/1.1"));
    }
    return builder.build();
  }

  EventLoopGroup loops() {
    return loops;
  }

  /**
   * Opens a port of an application.
   *
   * @param sidecar where connections that others make are sent to first; port 0 for nowhere
   */
  void open(
      EchoApplication application, String kind, InetSocketAddress at, InetSocketAddress sidecar)
      throws InterruptedException {
    servers.add(
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(
                ChannelOption.ALLOW_HALF_CLOSURE, kind.startsWith("tcp") || kind.equals("grpc"))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    InetSocketAddress remote = (InetSocketAddress) channel.remoteAddress();
                    if (sidecar.getPort() > 0
                        && !remote.getAddress().getHostAddress().equals(SIDECAR_SOURCE)) {
                      channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
                      channel.pipeline().addLast(new Redirect(sidecar, true));
                    } else {
                      begin(application, kind, channel);
                    }
                  }
                })
            .bind(at)
            .sync()
            .channel());
  }

  private void begin(EchoApplication application, String kind, Channel channel) {
    switch (kind) {
      case "tcp", "tcpfirst" ->
          channel.pipeline().addLast(new Lines(application, kind.equals("tcpfirst")));
      case "tls" -> {
        channel.pipeline().addLast(lines.newHandler(channel.alloc()));
        channel.pipeline().addLast(new Lines(application, false));
      }
      case "https", "mtls" -> {
        SslContext context = kind.equals("mtls") ? mutual : tls;
        channel.pipeline().addLast(context.newHandler(channel.alloc()));
        channel.pipeline().addLast(new Detector(application));
      }
      case "http" -> channel.pipeline().addLast(new Detector(application));
      case "grpc" -> channel.pipeline().addLast(new Redirect(grpc.address(application), false));
      default -> throw new IllegalArgumentException("no such kind of port: " + kind);
    }
  }

  @Override
  public void close() {
    servers.forEach(server -> server.close().awaitUninterruptibly());
    grpc.close();
    loops.shutdownGracefully(0, 2, java.util.concurrent.TimeUnit.SECONDS).awaitUninterruptibly();
  }

  /** Tells HTTP/2 by prior knowledge, or ALPN, from HTTP/1 by the first bytes. */
  private static final class Detector extends ChannelInboundHandlerAdapter {
    private static final byte[] PREFACE = "PRI * HTTP".getBytes(StandardCharsets.US_ASCII);
    private final EchoApplication application;
    private ByteBuf seen = Unpooled.buffer();

    Detector(EchoApplication application) {
      this.application = application;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      seen.writeBytes(bytes);
      bytes.release();
      int shared = 0;
      int max = Math.min(seen.readableBytes(), PREFACE.length);
      while (shared < max && seen.getByte(shared) == PREFACE[shared]) {
        shared++;
      }
      if (shared == seen.readableBytes() && shared < PREFACE.length) {
        return;
      }
      Map<String, String> session = session(ctx.channel());
      if (shared == PREFACE.length) {
        ctx.pipeline().addLast(Http2FrameCodecBuilder.forServer().build());
        ctx.pipeline()
            .addLast(
                new Http2MultiplexHandler(
                    new ChannelInitializer<Channel>() {
                      @Override
                      protected void initChannel(Channel stream) {
                        stream
                            .pipeline()
                            .addLast(
                                new Http2StreamFrameToHttpObjectCodec(true),
                                new HttpObjectAggregator(BODY_BYTES_MAX),
                                new EchoExchange(application, session));
                      }
                    }));
      } else {
        ctx.pipeline()
            .addLast(
                new HttpServerCodec(65536, 131_072, 65536),
                new HttpObjectAggregator(BODY_BYTES_MAX),
                new EchoExchange(application, session));
      }
      ByteBuf all = seen;
      seen = Unpooled.EMPTY_BUFFER;
      ctx.fireChannelRead(all);
      ctx.fireChannelReadComplete();
      ctx.pipeline().remove(this);
    }

    private static Map<String, String> session(Channel channel) {
      SslHandler handler = channel.pipeline().get(SslHandler.class);
      return handler == null ? Map.of() : TlsFacts.of(handler.engine().getSession(), handler);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  /** Answers each line with who it is and the line; the last one needs no end. */
  private static final class Lines extends ChannelInboundHandlerAdapter {
    private final EchoApplication application;
    private final boolean banner;
    private final StringBuilder line = new StringBuilder();

    Lines(EchoApplication application, boolean banner) {
      this.application = application;
      this.banner = banner;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      application.received(application.record(ctx.channel(), "TCP"));
      if (banner) {
        say(ctx, "banner " + application.workload() + " " + application.version());
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      while (bytes.isReadable()) {
        char c = (char) bytes.readUnsignedByte();
        if (c == '\n') {
          answer(ctx);
        } else {
          line.append(c);
        }
      }
      bytes.release();
    }

    private void answer(ChannelHandlerContext ctx) {
      String text = line.toString().strip();
      line.setLength(0);
      String remote =
          ((InetSocketAddress) ctx.channel().remoteAddress()).getAddress().getHostAddress();
      say(ctx, application.workload() + " " + application.version() + " " + remote + " " + text);
    }

    private static void say(ChannelHandlerContext ctx, String text) {
      ctx.writeAndFlush(Unpooled.copiedBuffer(text + "\n", StandardCharsets.ISO_8859_1));
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        if (!line.isEmpty()) {
          answer(ctx);
        }
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
