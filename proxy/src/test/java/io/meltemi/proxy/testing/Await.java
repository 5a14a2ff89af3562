package io.meltemi.proxy.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;

/** Waits, within bounds, for what another thread or process does. */
public final class Await {
  private static final int POLLS_MAX = 2000;
  private static final long POLL_MILLIS = 5;

  private Await() {}

  public static void await(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < POLLS_MAX && !condition.getAsBoolean(); i++) {
      Thread.sleep(POLL_MILLIS);
    }
    assertTrue(condition.getAsBoolean());
  }

  /** Waits until something has the value; fails with what it was last. */
  public static <T> void awaitEquals(T expected, Callable<T> actual) throws Exception {
    T last = actual.call();
    for (int i = 0; i < POLLS_MAX && !expected.equals(last); i++) {
      Thread.sleep(POLL_MILLIS);
      last = actual.call();
    }
    assertEquals(expected, last);
  }
}
