package io.meltemi.proxy.codec;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.ChannelWriter;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.Loops;
import io.meltemi.proxy.telemetry.Stats;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;

/** One side of a connection without sockets: what it hears is kept as lines of text. */
final class Http2Peer implements Http2Listener {
  final EmbeddedChannel channel = new EmbeddedChannel();
  final Stats stats = new Stats();
  final LoopContext loop;
  final Http2Connection connection;
  final List<String> heard = new ArrayList<>();
  final List<TestStream> streams = new ArrayList<>();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** Whether the socket takes nothing. */
  boolean stuck;

  private Consumer<TestStream> onRequest = _ -> {};

  /** A stream that writes down what it hears. */
  final class TestStream extends Http2Stream {
    final HeaderBlock head = new HeaderBlock();
    final HeaderBlock tail = new HeaderBlock();
    final StringBuilder body = new StringBuilder();
    boolean ended;

    private void hear(String text) {
      heard.add(id() + " " + text);
    }

    @Override
    protected HeaderBlock headers() {
      return head;
    }

    @Override
    protected HeaderBlock trailers() {
      return tail;
    }

    @Override
    protected void onHeaders(int status, boolean endStream) {
      ended = endStream;
      hear("head" + (status == 0 ? "" : " " + status) + (endStream ? " end" : ""));
      onRequest.accept(this);
    }

    @Override
    protected void onInterim(int status) {
      hear("interim " + status);
    }

    @Override
    protected void onData(ByteBuf data, boolean endStream) {
      ended = endStream;
      body.append(data.toString(StandardCharsets.ISO_8859_1));
      if (endStream) {
        hear("end");
      }
    }

    @Override
    protected void onTrailers() {
      ended = true;
      hear("trailers " + tail.toString().strip());
    }

    @Override
    protected void onReset(Http2Reset reason, Http2Error error, String details) {
      hear("reset " + reason + " " + error + (details.isEmpty() ? "" : " " + details));
    }

    @Override
    protected void onWritable(boolean writable) {
      hear("writable " + writable);
    }
  }

  Http2Peer(Http2Connection.Role role, Http2Settings settings) {
    this(role, settings, Ticker.system(), 64 * 1024);
  }

  /** Keeps the bytes and not the buffers, or leaves them in the channel like a slow socket. */
  private final class Sink extends ChannelOutboundHandlerAdapter {
    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
      if (stuck) {
        context.write(message, promise);
        return;
      }
      ByteBuf data = (ByteBuf) message;
      out.writeBytes(ByteBufUtil.getBytes(data));
      data.release();
    }

    @Override
    public void flush(ChannelHandlerContext context) {
      // nothing goes further
    }
  }

  Http2Peer(Http2Connection.Role role, Http2Settings settings, Ticker ticker, int bufferBytes) {
    channel.pipeline().addLast(new Sink());
    loop = new Loops(ticker, 1).get(channel.eventLoop());
    connection =
        new Http2Connection(
            role,
            settings,
            HeadLimits.DEFAULT,
            new Http2Stats(stats.scope("http2.")),
            new Http2Connection.Transport(
                channel, new ChannelWriter(channel, loop), loop, bufferBytes),
            this);
    connection.start();
  }

  static Http2Peer server() {
    return new Http2Peer(Http2Connection.Role.SERVER, Http2Settings.DEFAULT);
  }

  static Http2Peer client() {
    return new Http2Peer(Http2Connection.Role.CLIENT, Http2Settings.DEFAULT);
  }

  /** What is done with each request, or response, when its head has come. */
  Http2Peer onHead(Consumer<TestStream> action) {
    onRequest = action;
    return this;
  }

  long counter(String name) {
    return stats.scope("http2.").counter(name).value();
  }

  @Override
  public Http2Stream newStream() {
    TestStream stream = new TestStream();
    streams.add(stream);
    return stream;
  }

  @Override
  public void onStreamClosed(Http2Stream stream) {
    heard.add(stream.id() + " closed");
  }

  @Override
  public void onGoAway(Http2Error error) {
    heard.add("goaway " + error);
  }

  @Override
  public void onSettings() {
    // not written down
  }

  @Override
  public void onFailed(Http2Error error, String details) {
    heard.add("failed " + error + " " + details);
  }

  /** A request's head. */
  static HeaderBlock request(String method, String path) {
    HeaderBlock block = new HeaderBlock();
    block.add(HeaderName.METHOD, method);
    block.add(HeaderName.PATH, path);
    block.add(HeaderName.SCHEME, "http");
    block.add(HeaderName.AUTHORITY, "test");
    return block;
  }

  TestStream open() {
    TestStream stream = new TestStream();
    streams.add(stream);
    connection.open(stream);
    return stream;
  }

  /** Everything written since the last call. */
  byte[] written() {
    byte[] all = out.toByteArray();
    out.reset();
    return all;
  }

  /** What a slow socket was given is dropped. */
  void dropStuck() {
    stuck = false;
    ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
    waiting.addFlush();
    while (waiting.remove()) {
      // releases one after the other
    }
  }

  Http2Peer read(byte[] bytes) {
    ByteBuf in = Unpooled.wrappedBuffer(bytes);
    loop.enter();
    try {
      connection.read(in);
    } finally {
      loop.exit();
      in.release();
    }
    return this;
  }

  /** Reads frames written as hex, spaces aside. */
  Http2Peer readHex(String hex) {
    return read(HexFormat.of().parseHex(hex.replace(" ", "")));
  }

  /** Passes what was written back and forth until nobody has more to say. */
  static void exchange(Http2Peer a, Http2Peer b) {
    while (true) {
      byte[] toB = a.written();
      byte[] toA = b.written();
      if (toA.length == 0 && toB.length == 0) {
        return;
      }
      b.read(toB);
      a.read(toA);
    }
  }

  /** The frames in the bytes, one a line: type, flags, stream, length, and short payloads. */
  static List<String> frames(byte[] bytes) {
    String[] names = {
      "DATA", "HEADERS", "PRIORITY", "RST", "SETTINGS", "PUSH", "PING", "GOAWAY", "WINDOW", "CONT"
    };
    List<String> frames = new ArrayList<>();
    ByteBuf in = Unpooled.wrappedBuffer(bytes);
    while (in.isReadable()) {
      int length = in.readUnsignedMedium();
      String name = names[in.readUnsignedByte()];
      int flags = in.readUnsignedByte();
      int id = in.readInt();
      byte[] payload = new byte[length];
      in.readBytes(payload);
      String text = name + " " + id + " f" + flags + " " + length;
      if (name.equals("RST")) {
        text = "RST " + id + " " + Http2Error.of(payload[3]);
      } else if (name.equals("GOAWAY")) {
        text = "GOAWAY " + Http2FrameReader.int32(payload, 0) + " " + Http2Error.of(payload[7]);
      } else if (name.equals("WINDOW")) {
        text = "WINDOW " + id + " " + Http2FrameReader.int32(payload, 0);
      }
      frames.add(text);
    }
    in.release();
    return frames;
  }
}
