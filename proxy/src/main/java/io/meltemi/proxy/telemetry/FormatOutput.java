package io.meltemi.proxy.telemetry;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Growing bytes that a format writes to; reused by its owner's thread, so that formatting allocates
 * nothing once it has grown.
 */
public final class FormatOutput {
  private byte[] bytes = new byte[512];
  private int length;

  public void clear() {
    length = 0;
  }

  /** Forgets what was written behind the given length. */
  public void truncate(int newLength) {
    length = newLength;
  }

  /** The written bytes lie at 0 to {@link #length()}; valid until the next write. */
  public byte[] array() {
    return bytes;
  }

  public int length() {
    return length;
  }

  public void addByte(int value) {
    reserve(1);
    bytes[length++] = (byte) value;
  }

  public void add(byte[] source) {
    add(source, 0, source.length);
  }

  public void add(byte[] source, int start, int count) {
    reserve(count);
    System.arraycopy(source, start, bytes, length, count);
    length += count;
  }

  /** Adds text as UTF-8; free of garbage for ASCII. */
  public void add(String text) {
    int count = text.length();
    reserve(count);
    for (int i = 0; i < count; i++) {
      char c = text.charAt(i);
      if (c >= 128) {
        add(text.substring(i).getBytes(StandardCharsets.UTF_8));
        return;
      }
      bytes[length++] = (byte) c;
    }
  }

  public void addNumber(long value) {
    if (value < 0) {
      add(Long.toString(value));
      return;
    }
    int digits = 1;
    for (long rest = value; rest >= 10; rest /= 10) {
      digits++;
    }
    addPadded(value, digits);
  }

  /** Adds the last {@code digits} decimal digits of a number, zeros in front. */
  public void addPadded(long value, int digits) {
    reserve(digits);
    long rest = value;
    for (int i = length + digits - 1; i >= length; i--) {
      bytes[i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    length += digits;
  }

  @Override
  public String toString() {
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }

  private void reserve(int count) {
    if (bytes.length - length < count) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + count));
    }
  }
}
