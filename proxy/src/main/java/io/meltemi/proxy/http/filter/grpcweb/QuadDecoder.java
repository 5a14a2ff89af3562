package io.meltemi.proxy.http.filter.grpcweb;

import io.netty.buffer.ByteBuf;

/** Decodes Base64 that comes in pieces, four characters at a time (RFC 4648 section 4). */
final class QuadDecoder {
  private static final byte[] VALUES = new byte[128];

  static {
    java.util.Arrays.fill(VALUES, (byte) -1);
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < alphabet.length(); i++) {
      VALUES[alphabet.charAt(i)] = (byte) i;
    }
  }

  private int bits;
  private int count;
  private int padding;

  /** Whether behind so many more characters some wait for the rest of their four. */
  boolean staysOpen(int more) {
    return (count + more) % 4 != 0;
  }

  /**
   * Decodes a piece. Padding ends it, as in Envoy: nothing follows in the same piece.
   *
   * @return false when the text is no Base64
   */
  boolean decode(ByteBuf in, ByteBuf out) {
    boolean ended = false;
    int end = in.writerIndex();
    for (int at = in.readerIndex(); at < end; at++) {
      if (ended || !take(in.getByte(at))) {
        return false;
      }
      if (++count == 4) {
        ended = padding > 0;
        if (!write(out)) {
          return false;
        }
        reset();
      }
    }
    return true;
  }

  private boolean take(byte b) {
    if (b == '=') {
      padding++;
      bits <<= 6;
      return count >= 2;
    }
    int value = b < 0 ? -1 : VALUES[b];
    bits = (bits << 6) | value;
    return value >= 0 && padding == 0;
  }

  /** False when bits are set that belong to no byte. */
  private boolean write(ByteBuf out) {
    int bytes = 3 - padding;
    if ((bits & (1 << (8 * padding)) - 1) != 0) {
      return false;
    }
    for (int i = 0; i < bytes; i++) {
      out.writeByte(bits >>> (16 - 8 * i));
    }
    return true;
  }

  void reset() {
    bits = 0;
    count = 0;
    padding = 0;
  }
}
