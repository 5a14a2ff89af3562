package io.meltemi.bench.swarm;

/**
 * The fields of an encoded protobuf message, one after the other; what nobody asks for is passed
 * over without being looked at.
 */
final class Fields {
  private static final int VARINT = 0;
  private static final int FIXED_64 = 1;
  private static final int LENGTH = 2;
  private static final int FIXED_32 = 5;
  private static final int VARINT_BITS_MAX = 64;

  private byte[] bytes = {};
  private int position;
  private int end;
  private int number;
  private long value;
  private int from;
  private int to;

  /** Begins at a message that goes from one index to before another. */
  Fields over(byte[] all, int begin, int limit) {
    bytes = all;
    position = begin;
    end = limit;
    return this;
  }

  /**
   * Steps to the next field.
   *
   * @return false at the end
   * @throws IllegalArgumentException when the bytes are no message
   */
  boolean next() {
    if (position == end) {
      return false;
    }
    long tag = varint();
    number = (int) (tag >>> 3);
    from = position;
    switch ((int) tag & 7) {
      case VARINT -> value = varint();
      case FIXED_64 -> pass(Long.BYTES);
      case LENGTH -> {
        long length = varint();
        from = position;
        pass(length);
      }
      case FIXED_32 -> pass(Integer.BYTES);
      default -> throw new IllegalArgumentException("no field begins at " + from);
    }
    to = position;
    return true;
  }

  private void pass(long length) {
    if (length < 0 || length > end - position) {
      throw new IllegalArgumentException(
          "a field of " + length + " bytes at " + position + " (" + (end - position) + " left)");
    }
    position += (int) length;
  }

  private long varint() {
    long result = 0;
    for (int shift = 0; shift < VARINT_BITS_MAX; shift += 7) {
      if (position == end) {
        throw new IllegalArgumentException("cut off at " + position);
      }
      byte next = bytes[position++];
      result |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return result;
      }
    }
    throw new IllegalArgumentException("a number of more than 64 bits before " + position);
  }

  int number() {
    return number;
  }

  /** Of a field that is a number. */
  long value() {
    return value;
  }

  /** Where the content of a field of some length begins. */
  int from() {
    return from;
  }

  /** Where it ends. */
  int to() {
    return to;
  }
}
