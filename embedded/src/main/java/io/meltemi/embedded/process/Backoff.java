package io.meltemi.embedded.process;

import io.meltemi.common.time.Ticker;
import java.time.Duration;

/** How long to wait before the next start. Not thread-safe. */
final class Backoff {
  private final ProcessSettings settings;
  private final Ticker ticker;
  private Duration next;
  private long readySinceNanos;
  private boolean ready;

  Backoff(ProcessSettings settings, Ticker ticker) {
    this.settings = settings;
    this.ticker = ticker;
    next = settings.backoffFirst();
  }

  /** The process became ready. */
  void ready() {
    ready = true;
    readySinceNanos = ticker.nanos();
  }

  /** The process ended; the wait before its next start. */
  Duration ended() {
    boolean stable = ready && ticker.nanos() - readySinceNanos >= settings.stableAfter().toNanos();
    ready = false;
    Duration wait = stable ? settings.backoffFirst() : next;
    Duration doubled = wait.multipliedBy(2);
    next = doubled.compareTo(settings.backoffMax()) > 0 ? settings.backoffMax() : doubled;
    return wait;
  }
}
