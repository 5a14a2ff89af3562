package io.meltemi.it.traffic;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.netty.handler.codec.http2.HttpConversionUtil;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Answers requests of one connection, or stream, with a JSON of what was received. Words of the
 * path do things, behind any prefix: {@code status/N}, {@code delay/MS}, {@code size/BYTES}, {@code
 * stream/N/MS}, {@code trailer/NAME/VALUE}, {@code failif/VERSION/STATUS}, {@code
 * slowif/VERSION/MS}, {@code resetif/VERSION}, {@code reset}, {@code
 * flaky/K?key=&status=&how=&ms=}; {@code set-NAME=VALUE} in the query adds a header to the answer.
 */
final class EchoExchange extends ChannelInboundHandlerAdapter {
  private static final int DELAY_MILLIS_MAX = 60_000;
  private static final int BODY_SHOWN_BYTES = 4096;

  private final EchoApplication application;
  private final Map<String, String> tls;

  EchoExchange(EchoApplication application, Map<String, String> tls) {
    this.application = application;
    this.tls = tls;
  }

  /** What is to be done for a request. */
  private static final class Plan {
    int status = 200;
    long delayMillis;
    boolean reset;
    int size = -1;
    int chunks = -1;
    long chunkMillis;
    String trailer = "";
    String trailerValue = "";
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    try {
      switch (message) {
        case FullHttpRequest request -> answer(ctx, request);
        case TextWebSocketFrame frame ->
            ctx.writeAndFlush(new TextWebSocketFrame(application.version() + ":" + frame.text()));
        case PingWebSocketFrame frame ->
            ctx.writeAndFlush(new PongWebSocketFrame(frame.content().retain()));
        case CloseWebSocketFrame frame ->
            ctx.writeAndFlush(frame.retain()).addListener(ChannelFutureListener.CLOSE);
        default -> {}
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void answer(ChannelHandlerContext ctx, FullHttpRequest request) {
    QueryStringDecoder query = new QueryStringDecoder(request.uri());
    boolean http2 =
        request.headers().contains(HttpConversionUtil.ExtensionHeaderNames.SCHEME.text());
    Map<String, Object> record =
        application.record(ctx.channel(), http2 ? "HTTP/2.0" : request.protocolVersion().text());
    record.put("method", request.method().name());
    record.put("path", query.rawPath());
    record.put("query", query.rawQuery());
    record.put("host", String.valueOf(request.headers().get(HttpHeaderNames.HOST)));
    Map<String, String> headers = new TreeMap<>();
    for (Map.Entry<String, String> header : request.headers()) {
      String name = header.getKey().toLowerCase(Locale.ROOT);
      if (!name.startsWith("x-http2-") && !name.equals("host")) {
        headers.merge(name, header.getValue(), (a, b) -> a + "," + b);
      }
    }
    if (http2) {
      headers.remove("transfer-encoding");
    }
    record.put("headers", headers);
    if (!tls.isEmpty()) {
      record.put("tls", tls);
    }
    ByteBuf body = request.content();
    record.put("bodyLen", (long) body.readableBytes());
    record.put(
        "body",
        body.toString(
            body.readerIndex(),
            Math.min(BODY_SHOWN_BYTES, body.readableBytes()),
            StandardCharsets.ISO_8859_1));
    Map<String, String> trailers = new TreeMap<>();
    request
        .trailingHeaders()
        .forEach(t -> trailers.put(t.getKey().toLowerCase(Locale.ROOT), t.getValue()));
    if (!trailers.isEmpty()) {
      record.put("trailers", trailers);
    }
    application.received(record);
    if ("websocket".equalsIgnoreCase(request.headers().get(HttpHeaderNames.UPGRADE))) {
      upgrade(ctx, request);
      return;
    }
    Plan plan = plan(query);
    String json = Json.write(record);
    HttpVersion version = HttpVersion.HTTP_1_1;
    boolean keepAlive = http2 || HttpUtil.isKeepAlive(request);
    boolean head = request.method().equals(HttpMethod.HEAD);
    HttpHeaders extra = new io.netty.handler.codec.http.DefaultHttpHeaders();
    query
        .parameters()
        .forEach(
            (name, values) -> {
              if (name.startsWith("set-")) {
                values.forEach(value -> extra.add(name.substring(4), value));
              }
            });
    extra.set("x-echo-version", application.version());
    extra.set("x-echo-workload", application.workload());
    String stream = request.headers().get(HttpConversionUtil.ExtensionHeaderNames.STREAM_ID.text());
    if (stream != null) {
      extra.set(HttpConversionUtil.ExtensionHeaderNames.STREAM_ID.text(), stream);
    }
    if (!keepAlive) {
      extra.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    }
    Runnable reply = () -> reply(ctx, plan, new Reply(version, extra, json, head, keepAlive));
    if (plan.delayMillis > 0) {
      ctx.executor().schedule(reply, plan.delayMillis, TimeUnit.MILLISECONDS);
    } else {
      reply.run();
    }
  }

  private record Reply(
      HttpVersion version, HttpHeaders extra, String json, boolean head, boolean keepAlive) {}

  private Plan plan(QueryStringDecoder query) {
    Plan plan = new Plan();
    List<String> words =
        Arrays.stream(query.path().split("/", -1)).filter(word -> !word.isEmpty()).toList();
    for (int i = 0; i < words.size(); i++) {
      String first = i + 1 < words.size() ? words.get(i + 1) : "";
      String second = i + 2 < words.size() ? words.get(i + 2) : "";
      switch (words.get(i)) {
        case "status" -> plan.status = Math.max(200, number(first));
        case "delay" -> plan.delayMillis += number(first);
        case "failif" -> {
          if (first.equals(application.version())) {
            plan.status = number(second);
          }
        }
        case "slowif" -> {
          if (first.equals(application.version())) {
            plan.delayMillis += number(second);
          }
        }
        case "resetif" -> plan.reset |= first.equals(application.version());
        case "reset" -> plan.reset = true;
        case "size" -> plan.size = number(first);
        case "stream" -> {
          plan.chunks = number(first);
          plan.chunkMillis = number(second);
        }
        case "trailer" -> {
          plan.trailer = first;
          plan.trailerValue = second;
        }
        case "flaky" -> flaky(plan, number(first), query);
        default -> {}
      }
    }
    plan.delayMillis = Math.min(DELAY_MILLIS_MAX, plan.delayMillis);
    return plan;
  }

  private void flaky(Plan plan, int calls, QueryStringDecoder query) {
    if (!application.failsFirst(parameter(query, "key", ""), calls)) {
      return;
    }
    switch (parameter(query, "how", "")) {
      case "reset" -> plan.reset = true;
      case "slow" -> plan.delayMillis += number(parameter(query, "ms", "0"));
      default -> plan.status = number(parameter(query, "status", "503"));
    }
  }

  private static String parameter(QueryStringDecoder query, String name, String otherwise) {
    List<String> values = query.parameters().get(name);
    return values == null ? otherwise : values.getFirst();
  }

  private static int number(String text) {
    return text.matches("[0-9]{1,9}") ? Integer.parseInt(text) : 0;
  }

  private static void reply(ChannelHandlerContext ctx, Plan plan, Reply reply) {
    if (!ctx.channel().isActive()) {
      return;
    }
    if (plan.reset) {
      if (ctx.channel().parent() instanceof io.netty.channel.socket.ServerSocketChannel) {
        ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
      }
      ctx.close();
      return;
    }
    HttpResponseStatus status = HttpResponseStatus.valueOf(plan.status);
    if (plan.size >= 0 || plan.chunks >= 0 || !plan.trailer.isEmpty()) {
      HttpResponse start = new DefaultHttpResponse(reply.version(), status);
      start.headers().set(reply.extra());
      HttpUtil.setTransferEncodingChunked(start, true);
      if (!plan.trailer.isEmpty()) {
        start.headers().set(HttpHeaderNames.TRAILER, plan.trailer);
      }
      ctx.writeAndFlush(start);
      if (plan.size >= 0) {
        sized(ctx, plan, plan.size);
      } else {
        chunk(ctx, plan, 0);
      }
      return;
    }
    boolean empty = plan.status == 204 || plan.status == 304;
    ByteBuf content =
        empty || reply.head()
            ? Unpooled.EMPTY_BUFFER
            : Unpooled.copiedBuffer(reply.json(), StandardCharsets.ISO_8859_1);
    FullHttpResponse full = new DefaultFullHttpResponse(reply.version(), status, content);
    full.headers().set(reply.extra());
    if (!empty) {
      full.headers().set(HttpHeaderNames.CONTENT_TYPE, "application/json");
      full.headers().set(HttpHeaderNames.CONTENT_LENGTH, reply.json().length());
    }
    var written = ctx.writeAndFlush(full);
    if (!reply.keepAlive()) {
      written.addListener(ChannelFutureListener.CLOSE);
    }
  }

  /** One piece after the other, each when the last has left. */
  private static void sized(ChannelHandlerContext ctx, Plan plan, int left) {
    if (left <= 0) {
      end(ctx, plan);
      return;
    }
    int length = Math.min(left, 65_536);
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) 'x');
    ctx.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(bytes)))
        .addListener(
            written -> {
              if (written.isSuccess()) {
                sized(ctx, plan, left - length);
              }
            });
  }

  private static void chunk(ChannelHandlerContext ctx, Plan plan, int number) {
    if (number >= plan.chunks) {
      end(ctx, plan);
      return;
    }
    ctx.writeAndFlush(
        new DefaultHttpContent(
            Unpooled.copiedBuffer("chunk " + number + "\n", StandardCharsets.US_ASCII)));
    ctx.executor()
        .schedule(() -> chunk(ctx, plan, number + 1), plan.chunkMillis, TimeUnit.MILLISECONDS);
  }

  private static void end(ChannelHandlerContext ctx, Plan plan) {
    LastHttpContent last = new DefaultLastHttpContent();
    if (!plan.trailer.isEmpty()) {
      last.trailingHeaders().set(plan.trailer, plan.trailerValue);
    }
    ctx.writeAndFlush(last);
  }

  private void upgrade(ChannelHandlerContext ctx, FullHttpRequest request) {
    WebSocketServerHandshaker handshaker =
        new WebSocketServerHandshakerFactory(
                "ws://" + request.headers().get(HttpHeaderNames.HOST) + request.uri(), null, true)
            .newHandshaker(request);
    if (handshaker == null) {
      ctx.close();
      return;
    }
    HttpHeaders extra = new io.netty.handler.codec.http.DefaultHttpHeaders();
    extra.set("x-echo-version", application.version());
    extra.set("x-echo-workload", application.workload());
    handshaker.handshake(ctx.channel(), request, extra, ctx.newPromise());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
