package io.meltemi.proxy.http.filter.grpcweb;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** Writes gRPC frames that come in pieces in Base64, each frame with padding of its own. */
final class FrameEncoder {
  private static final byte[] ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
          .getBytes(StandardCharsets.US_ASCII);
  private static final int HEAD_BYTES = 5;

  private int group;
  private int inGroup;
  private int headRead;
  private long length;

  /** An upper bound of the characters for so many bytes, with the rest of those before. */
  static int sizeMax(int bytes) {
    // the worst are empty frames, eight characters for five bytes
    return bytes * 2 + 16;
  }

  void encode(ByteBuf in, ByteBuf out) {
    int end = in.writerIndex();
    for (int at = in.readerIndex(); at < end; at++) {
      byte b = in.getByte(at);
      put(b, out);
      if (headRead < HEAD_BYTES) {
        if (headRead > 0) {
          length = length << 8 | (b & 0xff);
        }
        headRead++;
      } else {
        length--;
      }
      if (headRead == HEAD_BYTES && length == 0) {
        finish(out);
      }
    }
  }

  private void put(byte b, ByteBuf out) {
    group = group << 8 | (b & 0xff);
    if (++inGroup == 3) {
      for (int shift = 18; shift >= 0; shift -= 6) {
        out.writeByte(ALPHABET[(group >>> shift) & 63]);
      }
      group = 0;
      inGroup = 0;
    }
  }

  /** Ends the frame, be it whole or not. */
  void finish(ByteBuf out) {
    if (inGroup > 0) {
      int bits = group << (8 * (3 - inGroup));
      for (int i = 0; i < 4; i++) {
        out.writeByte(i <= inGroup ? ALPHABET[(bits >>> (18 - 6 * i)) & 63] : '=');
      }
    }
    reset();
  }

  void reset() {
    group = 0;
    inGroup = 0;
    headRead = 0;
    length = 0;
  }
}
