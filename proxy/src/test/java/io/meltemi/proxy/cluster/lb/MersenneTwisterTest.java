package io.meltemi.proxy.cluster.lb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class MersenneTwisterTest {
  /** The C++ standard names the 10000th number of the default seed. */
  @Test
  void isTheStandardsSequence() {
    MersenneTwister random = new MersenneTwister(5489);
    assertEquals(3499211612L, Integer.toUnsignedLong(random.next()));
    int last = 0;
    for (int i = 1; i < 10_000; i++) {
      last = random.next();
    }
    assertEquals(4123659995L, Integer.toUnsignedLong(last));
  }

  @Test
  void staysBelowTheBound() {
    MersenneTwister random = new MersenneTwister(1);
    for (int i = 1; i < 1000; i++) {
      int drawn = random.below(i);
      assertTrue(drawn >= 0 && drawn < i, drawn + " below " + i);
    }
  }
}
