package io.meltemi.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An HTTP/2 server that speaks frame by frame as a test tells it, well or badly. Each connection
 * gets the script's settings; what comes on it is queued.
 */
final class Http2Peer implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;
  static final int END_STREAM = 1;
  static final int ACK = 1;
  static final int END_HEADERS = 4;

  /** One frame that came. */
  record Frame(Connection connection, int type, int flags, int stream, ByteBuf payload) {
    int size() {
      return payload.readableBytes();
    }

    String text() {
      return payload.toString(StandardCharsets.ISO_8859_1);
    }

    boolean isEnd() {
      return (flags & END_STREAM) != 0;
    }

    int number() {
      return payload.getInt(0);
    }
  }

  /** A connection to the proxy. */
  static final class Connection {
    private final Socket socket;
    private final OutputStream out;
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false);

    Connection(Socket socket) throws IOException {
      this.socket = socket;
      this.out = socket.getOutputStream();
    }

    synchronized Connection send(int type, int flags, int stream, byte[] payload)
        throws IOException {
      ByteArrayOutputStream frame = new ByteArrayOutputStream();
      frame.writeBytes(
          new byte[] {
            (byte) (payload.length >>> 16),
            (byte) (payload.length >>> 8),
            (byte) payload.length,
            (byte) type,
            (byte) flags,
            (byte) (stream >>> 24),
            (byte) (stream >>> 16),
            (byte) (stream >>> 8),
            (byte) stream
          });
      frame.writeBytes(payload);
      out.write(frame.toByteArray());
      out.flush();
      return this;
    }

    Connection headers(int stream, boolean end, String... namesAndValues) throws IOException {
      return send(HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream, block(namesAndValues));
    }

    Connection data(int stream, String text, boolean end) throws IOException {
      return send(DATA, end ? END_STREAM : 0, stream, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    Connection number(int type, int stream, int... numbers) throws IOException {
      var payload = Unpooled.buffer();
      for (int number : numbers) {
        payload.writeInt(number);
      }
      byte[] bytes = new byte[payload.readableBytes()];
      payload.readBytes(bytes);
      return send(type, 0, stream, bytes);
    }

    void close() throws IOException {
      socket.close();
    }
  }

  final AtomicInteger connections = new AtomicInteger();
  private final ServerSocket server;
  private final int[] settings;
  private final List<Connection> open = new CopyOnWriteArrayList<>();
  private final BlockingQueue<Frame> frames = new LinkedBlockingQueue<>();

  /**
   * @param settings ids and values that a connection begins with
   */
  Http2Peer(int... settings) throws IOException {
    this.settings = settings;
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::acceptAll);
  }

  InetSocketAddress address() {
    return (InetSocketAddress) server.getLocalSocketAddress();
  }

  private void acceptAll() {
    try {
      while (true) {
        Connection connection = new Connection(server.accept());
        connections.incrementAndGet();
        open.add(connection);
        Thread.ofVirtual().start(() -> read(connection));
      }
    } catch (IOException e) {
      // the test is over
    }
  }

  private void read(Connection connection) {
    try {
      DataInputStream in = new DataInputStream(connection.socket.getInputStream());
      in.skipNBytes(24);
      var payload = Unpooled.buffer();
      for (int i = 0; i < settings.length; i += 2) {
        payload.writeShort(settings[i]).writeInt(settings[i + 1]);
      }
      byte[] bytes = new byte[payload.readableBytes()];
      payload.readBytes(bytes);
      connection.send(SETTINGS, 0, 0, bytes);
      while (true) {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        frames.add(
            new Frame(
                connection, type, flags, stream, Unpooled.wrappedBuffer(in.readNBytes(length))));
      }
    } catch (IOException e) {
      // the proxy or the test has closed it
    }
  }

  /** The next frame of a type; those before it are passed over. */
  Frame take(int type) throws InterruptedException {
    while (true) {
      Frame frame = frames.poll(20, TimeUnit.SECONDS);
      if (frame == null) {
        throw new IllegalStateException("no frame of type " + type);
      }
      if (frame.type == type) {
        return frame;
      }
    }
  }

  /** Decodes a HEADERS frame; every one of a connection must be, in their order. */
  static Http2Headers decode(Frame frame) throws Http2Exception {
    return frame.connection.decoder.decodeHeaders(frame.stream, frame.payload);
  }

  /** A field block of literals (RFC 7541 section 6.2.2). */
  static byte[] block(String... namesAndValues) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      block.write(0);
      for (int k = i; k < i + 2; k++) {
        byte[] text = namesAndValues[k].getBytes(StandardCharsets.ISO_8859_1);
        if (text.length < 127) {
          block.write(text.length);
        } else {
          block.write(127);
          int rest = text.length - 127;
          for (; rest >= 128; rest >>>= 7) {
            block.write((rest & 127) | 128);
          }
          block.write(rest);
        }
        block.writeBytes(text);
      }
    }
    return block.toByteArray();
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Connection connection : open) {
      connection.close();
    }
  }
}
