package io.meltemi.proxy.telemetry;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * A distribution over fixed buckets, in Envoy's default bounds. Values are plain numbers, for times
 * in milliseconds. Recording is safe on any thread and allocates nothing.
 */
public final class Histogram {
  private static final double[] BOUNDS = {
    0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000,
    1800000, 3600000
  };
  private final AtomicLongArray counts = new AtomicLongArray(BOUNDS.length + 1);
  private final LongAdder sum = new LongAdder();

  Histogram() {}

  /** Adds one value; negative values count as 0. */
  public void record(long value) {
    int bucket = 0;
    while (bucket < BOUNDS.length && value > BOUNDS[bucket]) {
      bucket++;
    }
    counts.incrementAndGet(bucket);
    sum.add(Math.max(0, value));
  }

  /** What was recorded so far. */
  public Distribution read() {
    long[] cumulative = new long[BOUNDS.length];
    long total = 0;
    for (int i = 0; i < BOUNDS.length; i++) {
      total += counts.get(i);
      cumulative[i] = total;
    }
    total += counts.get(BOUNDS.length);
    return new Distribution(BOUNDS.clone(), cumulative, total, sum.sum());
  }

  /** Forgets everything recorded. */
  public void reset() {
    for (int i = 0; i < counts.length(); i++) {
      counts.set(i, 0);
    }
    sum.reset();
  }
}
