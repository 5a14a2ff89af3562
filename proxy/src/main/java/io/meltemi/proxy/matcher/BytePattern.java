package io.meltemi.proxy.matcher;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A literal to be found in bytes, optionally without regard to ASCII case (as Envoy folds it).
 * Immutable.
 */
public final class BytePattern {
  private final byte[] bytes;
  private final boolean ignoreCase;

  private BytePattern(byte[] bytes, boolean ignoreCase) {
    this.bytes = bytes;
    this.ignoreCase = ignoreCase;
  }

  public static BytePattern of(String text, boolean ignoreCase) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (ignoreCase) {
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = lower(bytes[i]);
      }
    }
    return new BytePattern(bytes, ignoreCase);
  }

  public int length() {
    return bytes.length;
  }

  public boolean ignoreCase() {
    return ignoreCase;
  }

  /** True when the pattern stands at that offset; the range checked must lie in the array. */
  public boolean isAt(byte[] array, int offset) {
    if (!ignoreCase) {
      return Arrays.equals(array, offset, offset + bytes.length, bytes, 0, bytes.length);
    }
    for (int i = 0; i < bytes.length; i++) {
      if (lower(array[offset + i]) != bytes[i]) {
        return false;
      }
    }
    return true;
  }

  public boolean equalsRange(byte[] array, int start, int length) {
    return length == bytes.length && isAt(array, start);
  }

  public boolean isPrefixOf(byte[] array, int start, int length) {
    return length >= bytes.length && isAt(array, start);
  }

  public boolean isSuffixOf(byte[] array, int start, int length) {
    return length >= bytes.length && isAt(array, start + length - bytes.length);
  }

  public boolean isWithin(byte[] array, int start, int length) {
    int last = start + length - bytes.length;
    for (int i = start; i <= last; i++) {
      if (isAt(array, i)) {
        return true;
      }
    }
    return false;
  }

  /** The bytes looked for, in lower case when case is ignored; not to be changed. */
  byte[] bytes() {
    return bytes;
  }

  static byte lower(byte b) {
    return b >= 'A' && b <= 'Z' ? (byte) (b + 32) : b;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof BytePattern that
        && ignoreCase == that.ignoreCase
        && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes) + (ignoreCase ? 1 : 0);
  }

  @Override
  public String toString() {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
