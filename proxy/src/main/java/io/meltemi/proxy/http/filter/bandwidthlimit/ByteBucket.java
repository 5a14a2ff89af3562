package io.meltemi.proxy.http.filter.bandwidthlimit;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Bytes that may pass: at most those of one second, filled evenly; full at first. Any thread.
 *
 * <p>It keeps only the time at which it would have been empty: who takes bytes moves that on.
 */
final class ByteBucket {
  private static final long SECOND_NANOS = 1_000_000_000L;

  private final double bytesPerNano;
  private final double nanosPerByte;
  private final AtomicLong emptyAtNanos = new AtomicLong(Long.MIN_VALUE);

  /**
   * @param bytesPerSecond 1 or more
   */
  ByteBucket(long bytesPerSecond) {
    bytesPerNano = (double) bytesPerSecond / SECOND_NANOS;
    nanosPerByte = (double) SECOND_NANOS / bytesPerSecond;
  }

  /** Takes as many of the bytes as there are. */
  int take(int wanted, long nowNanos) {
    while (true) {
      long last = emptyAtNanos.get();
      long full = nowNanos - SECOND_NANOS;
      long from = last == Long.MIN_VALUE || last < full ? full : last;
      long there = (long) ((nowNanos - from) * bytesPerNano);
      int taken = Math.clamp(there, 0, wanted);
      long next = from + (long) Math.ceil(taken * nanosPerByte);
      if (taken == 0 || emptyAtNanos.compareAndSet(last, next)) {
        return taken;
      }
    }
  }
}
