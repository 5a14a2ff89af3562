package io.meltemi.proxy.telemetry;

import java.util.concurrent.atomic.LongAdder;

/** A number that only grows. Adding is safe and cheap on any thread. */
public final class Counter {
  private final LongAdder value = new LongAdder();

  Counter() {}

  public void inc() {
    value.increment();
  }

  public void add(long amount) {
    value.add(amount);
  }

  public long value() {
    return value.sum();
  }

  /** Back to zero; additions that run at the same moment may be lost. */
  public void reset() {
    value.reset();
  }
}
