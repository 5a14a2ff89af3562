package io.meltemi.proxy.cluster.lb;

/**
 * The generator MT19937 of Matsumoto and Nishimura, which C++ calls {@code std::mt19937}: the same
 * seed gives the same sequence as in Envoy.
 */
final class MersenneTwister {
  private static final int SIZE = 624;
  private static final int PERIOD = 397;
  private final int[] state = new int[SIZE];
  private int index = SIZE;

  MersenneTwister(int seed) {
    state[0] = seed;
    for (int i = 1; i < SIZE; i++) {
      state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
  }

  /** A number from 0 to below the bound, each equally likely. */
  int below(int bound) {
    long width = (1L << 32) / bound;
    long drawn = bound;
    while (drawn >= bound) {
      drawn = Integer.toUnsignedLong(next()) / width;
    }
    return (int) drawn;
  }

  int next() {
    if (index == SIZE) {
      twist();
    }
    int y = state[index++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  private void twist() {
    for (int i = 0; i < SIZE; i++) {
      int y = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff);
      state[i] = state[(i + PERIOD) % SIZE] ^ (y >>> 1) ^ ((y & 1) == 0 ? 0 : 0x9908b0df);
    }
    index = 0;
  }
}
