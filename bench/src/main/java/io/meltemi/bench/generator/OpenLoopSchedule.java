package io.meltemi.bench.generator;

import org.HdrHistogram.Histogram;

/**
 * When each request of a fixed rate is meant to leave, and how long its answer took from then on. A
 * proxy that stalls makes requests leave late; counted from the real send time that wait would be
 * lost ("coordinated omission"). Guarded by its owner's lock.
 */
final class OpenLoopSchedule {
  private static final long HIGHEST_NANOS = 120_000_000_000L;
  private static final int DIGITS = 3;

  private final long startNanos;
  private final double intervalNanos;
  private final long meteredFromNanos;
  private final long endNanos;
  private final Histogram latencies = new Histogram(1, HIGHEST_NANOS, DIGITS);
  private long next;

  /**
   * A schedule.
   *
   * @param startNanos when the first request is due, by {@link System#nanoTime}
   * @param ratePerSecond requests per second; 0 means that the next one is always due
   * @param meteredFromNanos from when on intended requests are recorded
   * @param endNanos from when on none is due
   */
  OpenLoopSchedule(long startNanos, double ratePerSecond, long meteredFromNanos, long endNanos) {
    this.startNanos = startNanos;
    this.intervalNanos = ratePerSecond == 0 ? 0 : 1e9 / ratePerSecond;
    this.meteredFromNanos = meteredFromNanos;
    this.endNanos = endNanos;
  }

  /** When the next request is due; {@link Long#MAX_VALUE} when there will be none. */
  long nextDueNanos(long nowNanos) {
    long due = intervalNanos == 0 ? nowNanos : startNanos + (long) (next * intervalNanos);
    return due >= endNanos ? Long.MAX_VALUE : due;
  }

  /** Takes the next request when it is due: its intended time; −1 when none is. */
  long take(long nowNanos) {
    long due = nextDueNanos(nowNanos);
    if (due > nowNanos) {
      return -1;
    }
    next++;
    return due;
  }

  /** Counts an answer. */
  void answered(long intendedNanos, long nowNanos) {
    if (intendedNanos >= meteredFromNanos) {
      latencies.recordValue(Math.clamp(nowNanos - intendedNanos, 1, HIGHEST_NANOS));
    }
  }

  /** Requests due before the end that were never taken: the target is too slow for the rate. */
  long neverSent() {
    return intervalNanos == 0
        ? 0
        : Math.max(0, (long) Math.ceil((endNanos - startNanos) / intervalNanos) - next);
  }

  Histogram latencies() {
    return latencies;
  }
}
