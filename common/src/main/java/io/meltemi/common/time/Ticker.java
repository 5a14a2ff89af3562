package io.meltemi.common.time;

import java.time.Instant;

/** A source of time. Implementations are safe for use by any thread. */
public interface Ticker {
  /** Monotonic time in nanoseconds from an arbitrary start; only differences mean something. */
  long nanos();

  /** Wall-clock time. */
  Instant now();

  /** The machine's clocks. */
  static Ticker system() {
    return SystemTicker.INSTANCE;
  }
}
