package io.meltemi.it.traffic;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.codec.http2.Http2StreamFrame;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/** HTTP/2 over one connection, by prior knowledge or ALPN (RFC 9113). */
final class Http2Client implements AutoCloseable {
  private final Channel connection;
  private final Map<String, String> tls;
  private final int timeoutMillis;

  private Http2Client(Channel connection, Map<String, String> tls, int timeoutMillis) {
    this.connection = connection;
    this.tls = tls;
    this.timeoutMillis = timeoutMillis;
  }

  /** TLS for a connection, with the name that is asked for. */
  record Secure(SslContext context, String serverName) {}

  static Http2Client connect(
      EventLoopGroup loops, Connector.Path path, Optional<Secure> secure, int timeoutMillis)
      throws IOException, InterruptedException {
    CompletableFuture<Map<String, String>> ready = new CompletableFuture<>();
    ChannelFuture connected =
        new Bootstrap()
            .group(loops)
            .channel(NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.AUTO_READ, false)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, timeoutMillis)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(new Starter(path.headerBytes(), secure, ready));
                  }
                })
            .connect(path.to())
            .await();
    if (!connected.isSuccess()) {
      throw new java.net.ConnectException(String.valueOf(connected.cause().getMessage()));
    }
    Map<String, String> facts = await(ready, timeoutMillis);
    return new Http2Client(connected.channel(), facts, timeoutMillis);
  }

  private static <T> T await(CompletableFuture<T> future, int timeoutMillis)
      throws IOException, InterruptedException {
    try {
      return future.get(timeoutMillis, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
    } catch (TimeoutException e) {
      throw new java.net.SocketTimeoutException("no answer in " + timeoutMillis + " ms");
    }
  }

  /** Says where the connection goes, shakes hands, then speaks HTTP/2. */
  private static final class Starter extends ChannelInboundHandlerAdapter {
    private final byte[] header;
    private final Optional<Secure> secure;
    private final CompletableFuture<Map<String, String>> ready;

    Starter(byte[] header, Optional<Secure> secure, CompletableFuture<Map<String, String>> ready) {
      this.header = header;
      this.secure = secure;
      this.ready = ready;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      if (header.length > 0) {
        ctx.writeAndFlush(Unpooled.wrappedBuffer(header));
      }
      ctx.channel().config().setAutoRead(true);
      if (secure.isEmpty()) {
        speak(ctx, Map.of());
        return;
      }
      SslHandler handler =
          secure
              .get()
              .context()
              .newHandler(
                  ctx.alloc(),
                  secure.get().serverName(),
                  ((InetSocketAddress) ctx.channel().remoteAddress()).getPort());
      SSLEngine engine = handler.engine();
      SSLParameters parameters = engine.getSSLParameters();
      parameters.setServerNames(
          secure.get().serverName().isEmpty()
              ? List.of()
              : List.of(new javax.net.ssl.SNIHostName(secure.get().serverName())));
      engine.setSSLParameters(parameters);
      ctx.pipeline().addBefore(ctx.name(), "tls", handler);
      handler
          .handshakeFuture()
          .addListener(
              shaken -> {
                if (shaken.isSuccess()) {
                  speak(ctx, TlsFacts.of(engine.getSession(), handler));
                } else {
                  ready.completeExceptionally(shaken.cause());
                }
              });
    }

    private void speak(ChannelHandlerContext ctx, Map<String, String> facts) {
      ctx.pipeline().addLast(Http2FrameCodecBuilder.forClient().build());
      ctx.pipeline().addLast(new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()));
      ctx.pipeline().remove(this);
      ready.complete(facts);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      ready.completeExceptionally(new EOFException("closed before the handshake was over"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ready.completeExceptionally(cause);
      ctx.close();
    }
  }

  boolean isReusable() {
    return connection.isActive();
  }

  /** Sends one request on a stream of its own and waits for the end of the answer. */
  void exchange(Map<String, List<String>> headers, byte[] body, Answer answer)
      throws IOException, InterruptedException {
    answer.tls.putAll(tls);
    answer.proto = "HTTP/2.0";
    CompletableFuture<Boolean> end = new CompletableFuture<>();
    Http2StreamChannel stream =
        new Http2StreamChannelBootstrap(connection)
            .handler(new Receiver(answer, end))
            .open()
            .sync()
            .getNow();
    Http2Headers written = new DefaultHttp2Headers();
    headers.forEach((name, values) -> values.forEach(value -> written.add(name, value)));
    stream.writeAndFlush(new DefaultHttp2HeadersFrame(written, body.length == 0));
    if (body.length > 0) {
      stream.writeAndFlush(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(body), true));
    }
    try {
      await(end, timeoutMillis);
    } finally {
      stream.close();
    }
  }

  private static final class Receiver extends SimpleChannelInboundHandler<Http2StreamFrame> {
    private final Answer answer;
    private final CompletableFuture<Boolean> end;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private boolean started;

    Receiver(Answer answer, CompletableFuture<Boolean> end) {
      this.answer = answer;
      this.end = end;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, Http2StreamFrame frame)
        throws IOException {
      switch (frame) {
        case Http2HeadersFrame headers -> {
          CharSequence status = headers.headers().status();
          if (status != null) {
            answer.status = Integer.parseInt(status.toString());
          }
          String prefix = started ? "trailer:" : "";
          started |= answer.status >= 200;
          headers
              .headers()
              .forEach(
                  header -> {
                    if (header.getKey().charAt(0) != ':') {
                      answer.header(prefix + header.getKey(), header.getValue().toString());
                    }
                  });
          finish(headers.isEndStream());
        }
        case Http2DataFrame data -> {
          answer.bodyBytes += data.content().readableBytes();
          if (body.size() < Http1Client.BODY_SHOWN_BYTES) {
            data.content().getBytes(0, body, data.content().readableBytes());
          }
          finish(data.isEndStream());
        }
        case Http2ResetFrame reset ->
            end.completeExceptionally(
                new IOException("stream reset: " + Http2Error.valueOf(reset.errorCode())));
        default -> {}
      }
    }

    private void finish(boolean last) {
      if (last) {
        answer.body = body.toString(StandardCharsets.UTF_8);
        end.complete(true);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      end.completeExceptionally(new EOFException("the connection was closed"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      end.completeExceptionally(cause);
    }
  }

  @Override
  public void close() {
    connection.close();
  }
}
