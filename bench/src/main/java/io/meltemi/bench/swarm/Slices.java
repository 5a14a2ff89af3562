package io.meltemi.bench.swarm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Hashing and searching in parts of arrays. */
final class Slices {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long FACTOR = 0x9E3779B97F4A7C15L;

  private Slices() {}

  /** A hash of 64 bits that is never 0. */
  static long hash(byte[] bytes, int from, int to) {
    int length = to - from;
    long hash = length;
    int i = from;
    for (; i + Long.BYTES <= to; i += Long.BYTES) {
      hash = Long.rotateLeft(hash ^ (long) LONGS.get(bytes, i), 29) * FACTOR;
    }
    long rest = 0;
    for (; i < to; i++) {
      rest = rest << Byte.SIZE | (bytes[i] & 0xff);
    }
    hash = Long.rotateLeft(hash ^ rest, 29) * FACTOR;
    hash ^= hash >>> 32;
    return hash == 0 ? 1 : hash;
  }

  static boolean equal(byte[] bytes, int from, int to, byte[] other) {
    return java.util.Arrays.equals(bytes, from, to, other, 0, other.length);
  }

  /** True when a part holds some bytes; it always holds none at all. */
  static boolean contains(byte[] bytes, int from, int to, byte[] sought) {
    if (sought.length == 0) {
      return true;
    }
    int last = to - sought.length;
    for (int i = from; i <= last; i++) {
      if (bytes[i] == sought[0] && equal(bytes, i, i + sought.length, sought)) {
        return true;
      }
    }
    return false;
  }
}
