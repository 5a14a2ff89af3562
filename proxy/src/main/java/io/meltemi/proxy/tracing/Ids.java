package io.meltemi.proxy.tracing;

import java.nio.charset.StandardCharsets;

/** Trace and span ids in hexadecimal digits, as they stand in headers. */
public final class Ids {
  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private Ids() {}

  /** Whether all of the bytes are hexadecimal digits; upper case counts. */
  public static boolean isHex(byte[] text, int start, int length) {
    for (int i = start; i < start + length; i++) {
      if (Character.digit(text[i], 16) < 0) {
        return false;
      }
    }
    return true;
  }

  /** The number of at most 16 hexadecimal digits, as {@link #isHex} has found them. */
  public static long parse(byte[] text, int start, int length) {
    long value = 0;
    for (int i = start; i < start + length; i++) {
      value = value << 4 | Character.digit(text[i], 16);
    }
    return value;
  }

  /** Writes 16 digits. */
  public static void write(long value, byte[] out, int start) {
    for (int i = 0; i < 16; i++) {
      out[start + i] = HEX[(int) (value >>> (60 - 4 * i)) & 15];
    }
  }

  /** 16 digits. */
  public static String text(long value) {
    byte[] digits = new byte[16];
    write(value, digits, 0);
    return new String(digits, StandardCharsets.US_ASCII);
  }
}
