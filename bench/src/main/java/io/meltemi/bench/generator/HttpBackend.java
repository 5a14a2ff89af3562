package io.meltemi.bench.generator;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Answers as the benchmark's nginx does, for machines without it. Arguments: {@code PORT
 * BODY_BYTES}. {@code /bulk} is 1 MiB, {@code /small} one byte, {@code /status} the number of
 * requests in the form of nginx's {@code stub_status}.
 */
public final class HttpBackend {
  private static final int BULK_BYTES = 1 << 20;

  private HttpBackend() {}

  public static void main(String[] arguments) throws InterruptedException {
    AtomicLong requests = new AtomicLong();
    ByteBuf body = text("x".repeat(Integer.parseInt(arguments[1])));
    ByteBuf bulk = text("b".repeat(BULK_BYTES));
    ByteBuf small = text("x");
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    new ServerBootstrap()
        .group(loop)
        .channel(NioServerSocketChannel.class)
        .option(ChannelOption.SO_BACKLOG, 1024)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childHandler(
            new ChannelInitializer<SocketChannel>() {
              @Override
              protected void initChannel(SocketChannel channel) {
                channel
                    .pipeline()
                    .addLast(
                        new HttpServerCodec(),
                        new HttpObjectAggregator(BULK_BYTES),
                        new Answer(requests, body, bulk, small));
              }
            })
        .bind(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]))
        .sync()
        .channel()
        .closeFuture()
        .sync();
  }

  private static ByteBuf text(String value) {
    return Unpooled.unreleasableBuffer(
        Unpooled.directBuffer(value.length())
            .writeBytes(value.getBytes(StandardCharsets.ISO_8859_1)));
  }

  private static final class Answer extends SimpleChannelInboundHandler<FullHttpRequest> {
    private final AtomicLong requests;
    private final ByteBuf body;
    private final ByteBuf bulk;
    private final ByteBuf small;

    Answer(AtomicLong requests, ByteBuf body, ByteBuf bulk, ByteBuf small) {
      this.requests = requests;
      this.body = body;
      this.bulk = bulk;
      this.small = small;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
      long count = requests.incrementAndGet();
      ByteBuf content =
          switch (request.uri()) {
            case "/bulk" -> bulk.duplicate();
            case "/small" -> small.duplicate();
            case "/status" ->
                Unpooled.copiedBuffer(
                    "Active connections: 1\nserver accepts handled requests\n 1 1 "
                        + count
                        + "\nReading: 0 Writing: 1 Waiting: 0\n",
                    StandardCharsets.ISO_8859_1);
            default -> body.duplicate();
          };
      var response =
          new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, content);
      response
          .headers()
          .set(HttpHeaderNames.CONTENT_TYPE, "text/plain")
          .setInt(HttpHeaderNames.CONTENT_LENGTH, content.readableBytes());
      boolean keep = HttpUtil.isKeepAlive(request);
      context
          .writeAndFlush(response)
          .addListener(
              _ -> {
                if (!keep) {
                  context.close();
                }
              });
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
