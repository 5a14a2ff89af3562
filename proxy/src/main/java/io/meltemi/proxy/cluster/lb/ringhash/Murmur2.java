package io.meltemi.proxy.cluster.lb.ringhash;

/**
 * MurmurHash2 for 64-bit machines with the seed of GNU's {@code std::hash}: what rings of older
 * Envoys and of other proxies were made of.
 */
final class Murmur2 {
  private static final long SEED = 0xc70f6907L;
  private static final long MULTIPLIER = 0xc6a4a7935bd1e995L;

  private Murmur2() {}

  static long hash(byte[] bytes) {
    long hash = SEED ^ (bytes.length * MULTIPLIER);
    int at = 0;
    for (; at <= bytes.length - 8; at += 8) {
      hash = (hash ^ mix(load(bytes, at, 8) * MULTIPLIER) * MULTIPLIER) * MULTIPLIER;
    }
    if (at < bytes.length) {
      hash = (hash ^ load(bytes, at, bytes.length - at)) * MULTIPLIER;
    }
    return mix(mix(hash) * MULTIPLIER);
  }

  private static long mix(long value) {
    return value ^ (value >>> 47);
  }

  private static long load(byte[] bytes, int start, int count) {
    long value = 0;
    for (int i = count - 1; i >= 0; i--) {
      value = value << 8 | (bytes[start + i] & 0xFF);
    }
    return value;
  }
}
