package io.meltemi.proxy.http.filter.localratelimit;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Tokens that come back at an even rate, as many as fit. Kept as the time at which the bucket was,
 * or would have been, empty: what has come since is what there is. Safe for any thread.
 */
final class TokenBucket {
  private static final double NANOS = 1e9;

  private final long tokensMax;
  private final double perSecond;
  private final AtomicLong emptyNanos;

  /**
   * @param tokensMax also what it begins with
   * @param perSecond more than 0
   */
  TokenBucket(long tokensMax, double perSecond, long nowNanos) {
    this.tokensMax = tokensMax;
    this.perSecond = perSecond;
    this.emptyNanos = new AtomicLong(nowNanos - fullNanos());
  }

  private long fullNanos() {
    return (long) Math.min(Long.MAX_VALUE / 4.0, tokensMax / perSecond * NANOS);
  }

  private double available(long empty, long nowNanos) {
    return Math.min((double) tokensMax, (nowNanos - empty) / NANOS * perSecond);
  }

  /** Takes so many tokens, or none when there are fewer. */
  boolean consume(long tokens, long nowNanos) {
    while (true) {
      long empty = emptyNanos.get();
      double present = available(empty, nowNanos);
      // what a rounded nanosecond takes off must not cost a token
      if (present + 1e-6 < tokens) {
        return false;
      }
      long next = Math.max(empty, nowNanos - fullNanos()) + (long) (tokens / perSecond * NANOS);
      if (emptyNanos.compareAndSet(empty, next)) {
        return true;
      }
    }
  }

  long tokensMax() {
    return tokensMax;
  }

  double perSecond() {
    return perSecond;
  }

  /** Whole tokens. */
  long remaining(long nowNanos) {
    return Math.max(0, (long) (available(emptyNanos.get(), nowNanos) + 1e-6));
  }

  /** Seconds until there is a token, rounded up; 0 when there is one. */
  long secondsToToken(long nowNanos) {
    double present = available(emptyNanos.get(), nowNanos) + 1e-6;
    return present >= 1 ? 0 : (long) Math.ceil((1 - present) / perSecond);
  }
}
