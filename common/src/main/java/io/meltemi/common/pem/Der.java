package io.meltemi.common.pem;

import java.security.spec.InvalidKeySpecException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** As much DER (X.690) as keys and names of certificates need. Refuses what is malformed. */
public final class Der {
  private final byte[] bytes;
  private final int end;
  private int at;

  /** One value: its tag and its content. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and no one else sees it
  public record Value(int tag, byte[] content) {}

  public Der(byte[] bytes) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  public boolean hasMore() {
    return at < end;
  }

  /**
   * The next value.
   *
   * @throws IllegalArgumentException when there is none, or it is cut off
   */
  public Value next() {
    if (end - at < 2) {
      throw new IllegalArgumentException("DER is cut off");
    }
    int tag = bytes[at++] & 0xFF;
    int length = bytes[at++] & 0xFF;
    if (length >= 0x80) {
      int count = length & 0x7F;
      if (count == 0 || count > 3 || end - at < count) {
        throw new IllegalArgumentException("DER with a bad length");
      }
      length = 0;
      for (int i = 0; i < count; i++) {
        length = length << 8 | (bytes[at++] & 0xFF);
      }
    }
    if (length > end - at) {
      throw new IllegalArgumentException("DER is cut off");
    }
    byte[] content = Arrays.copyOfRange(bytes, at, at + length);
    at += length;
    return new Value(tag, content);
  }

  /** Every value of a constructed one's content. */
  public static List<Value> all(byte[] content) {
    Der der = new Der(content);
    List<Value> values = new ArrayList<>();
    while (der.hasMore()) {
      values.add(der.next());
    }
    return values;
  }

  /**
   * The curve, encoded, that an ECPrivateKey (RFC 5915) names.
   *
   * @throws InvalidKeySpecException when it names none
   */
  static byte[] ecParameters(byte[] key) throws InvalidKeySpecException {
    try {
      for (Value value : all(new Der(key).next().content())) {
        if (value.tag() == 0xA0) {
          return value.content();
        }
      }
    } catch (IllegalArgumentException e) {
      throw new InvalidKeySpecException("a malformed EC key: " + e.getMessage(), e);
    }
    throw new InvalidKeySpecException("an EC key without its curve");
  }

  /** Text of an object identifier's content, such as {@code 1.3.6.1}. */
  public static String oid(byte[] content) {
    StringBuilder text = new StringBuilder();
    long part = 0;
    boolean first = true;
    for (byte b : content) {
      part = part << 7 | (b & 0x7F);
      if (part > Integer.MAX_VALUE) {
        throw new IllegalArgumentException("an object identifier with a large number");
      }
      if ((b & 0x80) == 0) {
        if (first) {
          long top = Math.min(part / 40, 2);
          text.append(top).append('.').append(part - top * 40);
          first = false;
        } else {
          text.append('.').append(part);
        }
        part = 0;
      }
    }
    return text.toString();
  }
}
