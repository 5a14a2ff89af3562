package io.meltemi.proxy.tracing.datadog;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;

/**
 * Writes the few kinds of <a href="https://msgpack.org">MessagePack</a> that traces are made of.
 */
final class MessagePack {
  private final ByteString.Output out = ByteString.newOutput(4096);

  ByteString toByteString() {
    return out.toByteString();
  }

  void array(int size) {
    head(size, 0x90, 0xDC);
  }

  void map(int size) {
    head(size, 0x80, 0xDE);
  }

  /** The form of up to 15 elements, or the one with two bytes, whose successor has four. */
  private void head(int size, int small, int large) {
    if (size < 16) {
      out.write(small | size);
    } else if (size < 1 << 16) {
      out.write(large);
      bytes(size, 2);
    } else {
      out.write(large + 1);
      bytes(size, 4);
    }
  }

  void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length < 32) {
      out.write(0xA0 | bytes.length);
    } else if (bytes.length < 1 << 16) {
      out.write(0xDA);
      bytes(bytes.length, 2);
    } else {
      out.write(0xDB);
      bytes(bytes.length, 4);
    }
    out.write(bytes, 0, bytes.length);
  }

  /** All 64 bits without a sign. */
  void unsigned(long value) {
    out.write(0xCF);
    bytes(value, 8);
  }

  void number(double value) {
    out.write(0xCB);
    bytes(Double.doubleToLongBits(value), 8);
  }

  private void bytes(long value, int count) {
    for (int i = count - 1; i >= 0; i--) {
      out.write((int) (value >>> (8 * i)) & 0xFF);
    }
  }
}
