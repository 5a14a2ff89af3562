package io.meltemi.proxy.telemetry;

import java.util.concurrent.atomic.LongAdder;

/**
 * A number that goes up and down. {@link #inc} and {@link #dec} are safe on any thread; {@link
 * #set} expects one writer and no concurrent additions.
 */
public final class Gauge {
  private final LongAdder value = new LongAdder();

  Gauge() {}

  public void inc() {
    value.increment();
  }

  public void dec() {
    value.decrement();
  }

  public void add(long amount) {
    value.add(amount);
  }

  public void set(long newValue) {
    value.add(newValue - value.sum());
  }

  public long value() {
    return value.sum();
  }
}
