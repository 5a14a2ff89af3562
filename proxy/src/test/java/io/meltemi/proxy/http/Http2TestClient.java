package io.meltemi.proxy.http;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A client of HTTP/2 with prior knowledge whose codec is Netty's, not ours. */
final class Http2TestClient implements AutoCloseable {
  /** What has come on one stream. */
  static final class Call {
    private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    private final StringBuilder seen = new StringBuilder();
    final StringBuilder body = new StringBuilder();
    final int stream;
    Http2Headers head = new DefaultHttp2Headers();
    Http2Headers trailers = new DefaultHttp2Headers();

    Call(int stream) {
      this.stream = stream;
    }

    /** Waits for the next event: {@code head}, {@code data}, {@code end}, {@code reset CODE}. */
    String next() throws InterruptedException {
      Object event = events.poll(20, TimeUnit.SECONDS);
      if (event == null) {
        throw new AssertionError("nothing came behind: " + seen);
      }
      seen.append(event).append(' ');
      return event.toString();
    }

    /** Waits for the end or a reset, and tells which. */
    String end() throws InterruptedException {
      String event = next();
      while (!event.equals("end") && !event.startsWith("reset") && !event.equals("closed")) {
        event = next();
      }
      return event;
    }

    String header(String name) {
      return String.valueOf(head.get(name));
    }

    int status() {
      return Integer.parseInt(String.valueOf(head.status()));
    }
  }

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Map<Integer, Call> calls = new ConcurrentHashMap<>();
  private final BlockingQueue<String> goAways = new LinkedBlockingQueue<>();
  private final Http2ConnectionHandler codec;
  private final Channel channel;
  private int lastId = 1;
  private volatile boolean consuming = true;

  Http2TestClient(InetSocketAddress address) {
    this(address, Http2Settings.defaultSettings());
  }

  Http2TestClient(InetSocketAddress address, Http2Settings settings) {
    codec =
        new Http2ConnectionHandlerBuilder()
            .gracefulShutdownTimeoutMillis(0)
            .server(false)
            .initialSettings(settings.pushEnabled(false))
            .frameListener(new Receiver())
            .build();
    channel =
        new Bootstrap()
            .group(group)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel created) {
                    created.pipeline().addLast(codec);
                  }
                })
            .connect(address.getAddress(), address.getPort())
            .syncUninterruptibly()
            .channel();
    channel.closeFuture().addListener(_ -> closed());
  }

  private void closed() {
    goAways.add("closed");
    calls.values().forEach(call -> call.events.add("closed"));
  }

  private final class Receiver extends Http2FrameAdapter {
    @Override
    public void onHeadersRead(
        ChannelHandlerContext context, int id, Http2Headers headers, int padding, boolean end) {
      Call call = call(id);
      if (call.head.isEmpty() || call.head.status().charAt(0) == '1') {
        call.head = headers;
        call.events.add("head");
      } else {
        call.trailers = headers;
      }
      if (end) {
        call.events.add("end");
      }
    }

    @Override
    public void onHeadersRead(
        ChannelHandlerContext context,
        int id,
        Http2Headers headers,
        int dependency,
        short weight,
        boolean exclusive,
        int padding,
        boolean end) {
      onHeadersRead(context, id, headers, padding, end);
    }

    @Override
    public int onDataRead(
        ChannelHandlerContext context, int id, ByteBuf data, int padding, boolean end) {
      Call call = call(id);
      int count = data.readableBytes();
      call.body.append(data.toString(StandardCharsets.ISO_8859_1));
      call.events.add("data");
      if (end) {
        call.events.add("end");
      }
      return consuming ? count + padding : 0;
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext context, int id, long error) {
      call(id).events.add("reset " + Http2Error.valueOf(error));
    }

    @Override
    public void onGoAwayRead(ChannelHandlerContext context, int last, long error, ByteBuf data) {
      goAways.add(Http2Error.valueOf(error) + " " + last);
    }
  }

  private Call call(int id) {
    Call call = calls.get(id);
    if (call == null) {
      throw new AssertionError("no such stream: " + id);
    }
    return call;
  }

  private void write(java.util.function.Consumer<ChannelHandlerContext> action) {
    channel
        .eventLoop()
        .submit(
            () -> {
              ChannelHandlerContext context = channel.pipeline().context(codec);
              action.accept(context);
              channel.flush();
            })
        .syncUninterruptibly();
  }

  /** Whether windows are opened again as bytes come. */
  void consuming(boolean wanted) {
    consuming = wanted;
  }

  void consumed(Call call, int bytes) {
    write(
        _ -> {
          Http2Stream stream = codec.connection().stream(call.stream);
          try {
            codec.connection().local().flowController().consumeBytes(stream, bytes);
          } catch (Http2Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  static Http2Headers head(String method, String path) {
    return new DefaultHttp2Headers(false)
        .method(method)
        .path(path)
        .scheme("http")
        .authority("test");
  }

  Call get(String path) {
    return request(head("GET", path), true);
  }

  Call request(Http2Headers headers, boolean end) {
    lastId += 2;
    Call call = new Call(lastId);
    calls.put(call.stream, call);
    write(
        context ->
            codec
                .encoder()
                .writeHeaders(context, call.stream, headers, 0, end, context.newPromise()));
    return call;
  }

  void data(Call call, String text, boolean end) {
    ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    write(
        context ->
            codec.encoder().writeData(context, call.stream, bytes, 0, end, context.newPromise()));
  }

  void trailers(Call call, Http2Headers trailers) {
    write(
        context ->
            codec
                .encoder()
                .writeHeaders(context, call.stream, trailers, 0, true, context.newPromise()));
  }

  void reset(Call call, Http2Error error) {
    write(
        context ->
            codec
                .encoder()
                .writeRstStream(context, call.stream, error.code(), context.newPromise()));
  }

  String goAway() throws InterruptedException {
    String text = goAways.poll(20, TimeUnit.SECONDS);
    return text == null ? "nothing" : text;
  }

  @Override
  public void close() {
    channel.close().syncUninterruptibly();
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
