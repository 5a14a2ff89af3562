package io.meltemi.proxy.codec;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Cuts bytes into frames (<a href="https://www.rfc-editor.org/rfc/rfc9113#section-4">RFC 9113
 * section 4</a>); may be given them in any pieces. The body in DATA frames passes piece by piece as
 * it comes; other frames are collected in an array first.
 */
final class Http2FrameReader {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int PRIORITY = 2;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PUSH_PROMISE = 5;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;

  static final int END_STREAM = 1;
  static final int ACK = 1;
  static final int END_HEADERS = 4;
  static final int PADDED = 8;
  static final int WITH_PRIORITY = 32;

  static final int HEADER_BYTES = 9;

  /** Never changed by our settings: larger frames only hold up other streams. */
  static final int FRAME_BYTES_MAX = 16_384;

  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final int RETAINED_BYTES_MAX = 4096;

  private enum State {
    PREFACE,
    HEADER,
    PAD_LENGTH,
    DATA,
    PADDING,
    PAYLOAD
  }

  private final Http2Connection connection;
  private final byte[] header = new byte[HEADER_BYTES];
  private State state;
  private int have;
  private int type;
  private int flags;
  private int streamId;

  /** Of the frame; of what is left of its present part. */
  private int length;

  private int left;
  private int padding;
  private byte[] payload = {};

  Http2FrameReader(Http2Connection connection, boolean expectsPreface) {
    this.connection = connection;
    state = expectsPreface ? State.PREFACE : State.HEADER;
  }

  /** Works off all of the buffer, which stays the caller's. */
  void read(ByteBuf in) {
    while (!connection.isOver() && step(in)) {
      // each step takes one part of one frame
    }
    if (connection.isOver()) {
      in.skipBytes(in.readableBytes());
    }
    if (state != State.PAYLOAD && payload.length > RETAINED_BYTES_MAX) {
      payload = new byte[0];
    }
  }

  private boolean step(ByteBuf in) {
    return switch (state) {
      case PREFACE -> preface(in);
      case HEADER -> header(in);
      case PAD_LENGTH -> padLength(in);
      case DATA -> data(in);
      case PADDING -> padding(in);
      case PAYLOAD -> payload(in);
    };
  }

  private boolean preface(ByteBuf in) {
    while (in.isReadable()) {
      if (in.readByte() != PREFACE[have++]) {
        connection.fail(Http2Error.PROTOCOL_ERROR, "http2.invalid_preface");
        return false;
      }
      if (have == PREFACE.length) {
        have = 0;
        state = State.HEADER;
        return true;
      }
    }
    return false;
  }

  private boolean header(ByteBuf in) {
    if (have == 0 && in.readableBytes() >= HEADER_BYTES) {
      int at = in.readerIndex();
      int word = in.getInt(at);
      length = word >>> 8;
      type = word & 0xff;
      long rest = in.getLong(at + 1);
      flags = (int) (rest >>> 32) & 0xff;
      streamId = (int) rest & 0x7fffffff;
      in.readerIndex(at + HEADER_BYTES);
      frame();
      return true;
    }
    int count = Math.min(HEADER_BYTES - have, in.readableBytes());
    in.readBytes(header, have, count);
    have += count;
    if (have < HEADER_BYTES) {
      return false;
    }
    have = 0;
    length = ((header[0] & 0xff) << 16) | ((header[1] & 0xff) << 8) | (header[2] & 0xff);
    type = header[3] & 0xff;
    flags = header[4] & 0xff;
    streamId = int32(header, 5) & 0x7fffffff;
    frame();
    return true;
  }

  static int int32(byte[] b, int at) {
    return (b[at] << 24)
        | ((b[at + 1] & 0xff) << 16)
        | ((b[at + 2] & 0xff) << 8)
        | (b[at + 3] & 0xff);
  }

  /** The head of a frame is known. */
  private void frame() {
    if (!connection.onFrame(type, flags, streamId, length)) {
      return;
    }
    left = length;
    padding = 0;
    if (type == DATA) {
      connection.onDataFrame(streamId, length);
      if ((flags & PADDED) != 0) {
        state = State.PAD_LENGTH;
      } else {
        beginData();
      }
      return;
    }
    state = State.PAYLOAD;
    if (payload.length < length) {
      payload = new byte[Math.max(256, length)];
    }
    if (length == 0) {
      endPayload();
    }
  }

  private void beginData() {
    state = State.DATA;
    if (left == 0) {
      boolean end = (flags & END_STREAM) != 0;
      state = padding > 0 ? State.PADDING : State.HEADER;
      left = padding;
      connection.onEmptyData(end);
    }
  }

  private boolean padLength(ByteBuf in) {
    if (!in.isReadable()) {
      return false;
    }
    padding = in.readUnsignedByte();
    if (padding >= length) {
      connection.fail(Http2Error.PROTOCOL_ERROR, "http2.invalid_padding");
      return false;
    }
    left = length - 1 - padding;
    connection.onPadding(1 + padding);
    beginData();
    return true;
  }

  private boolean data(ByteBuf in) {
    int count = Math.min(left, in.readableBytes());
    if (count == 0) {
      return false;
    }
    left -= count;
    boolean last = left == 0;
    if (last) {
      state = padding > 0 ? State.PADDING : State.HEADER;
      left = padding;
    }
    connection.onData(in, count, last && (flags & END_STREAM) != 0);
    return true;
  }

  private boolean padding(ByteBuf in) {
    int count = Math.min(left, in.readableBytes());
    in.skipBytes(count);
    left -= count;
    if (left > 0) {
      return false;
    }
    state = State.HEADER;
    return true;
  }

  private boolean payload(ByteBuf in) {
    int count = Math.min(left, in.readableBytes());
    in.readBytes(payload, length - left, count);
    left -= count;
    if (left > 0) {
      return false;
    }
    endPayload();
    return true;
  }

  private void endPayload() {
    state = State.HEADER;
    switch (type) {
      case HEADERS -> headers();
      case PRIORITY -> connection.onPriority(streamId, int32(payload, 0) & 0x7fffffff);
      case RST_STREAM -> connection.onResetFrame(streamId, int32(payload, 0));
      case SETTINGS -> connection.onSettings(flags, payload, length);
      case PING -> connection.onPing(flags, payload);
      case GOAWAY -> connection.onGoAway(int32(payload, 0) & 0x7fffffff, int32(payload, 4));
      case WINDOW_UPDATE -> connection.onWindowUpdate(streamId, int32(payload, 0) & 0x7fffffff);
      case CONTINUATION -> connection.onContinuation(flags, payload, length);
      default -> {
        // unknown types are ignored (RFC 9113 section 4.1)
      }
    }
  }

  private void headers() {
    int from = 0;
    int to = length;
    if ((flags & PADDED) != 0) {
      from = 1;
      to -= length == 0 ? 0 : payload[0] & 0xff;
    }
    int dependency = -1;
    if ((flags & WITH_PRIORITY) != 0 && to - from >= 5) {
      dependency = int32(payload, from) & 0x7fffffff;
    }
    from += (flags & WITH_PRIORITY) != 0 ? 5 : 0;
    if (from > to || from > length) {
      connection.fail(Http2Error.PROTOCOL_ERROR, "http2.invalid_padding");
      return;
    }
    connection.onHeadersFrame(streamId, flags, dependency, payload, from, to);
  }

  /** Copies the fragments of one field block behind each other. */
  static byte[] append(byte[] to, int used, byte[] from, int start, int count) {
    byte[] target =
        to.length - used >= count ? to : Arrays.copyOf(to, Math.max(to.length * 2, used + count));
    System.arraycopy(from, start, target, used, count);
    return target;
  }
}
