package io.meltemi.controlplane.push;

import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Turns many changes into one push: it waits until nothing changed for a while, but not for ever.
 * Belongs to the push thread.
 */
final class Debouncer {
  private final PushSettings settings;
  private final TaskLoop loop;
  private final Ticker ticker;
  private final Runnable push;
  private TaskLoop.@Nullable Scheduled timer;
  private long firstNanos;
  private long lastNanos;
  private boolean endpointsOnly;

  Debouncer(PushSettings settings, TaskLoop loop, Ticker ticker, Runnable push) {
    this.settings = settings;
    this.loop = loop;
    this.ticker = ticker;
    this.push = push;
  }

  /** Something changed; of endpoints alone the wait is shorter. */
  void changed(boolean endpoints) {
    long now = ticker.nanos();
    lastNanos = now;
    if (timer == null) {
      firstNanos = now;
      endpointsOnly = endpoints;
      plan(now);
    } else {
      endpointsOnly &= endpoints;
    }
  }

  /** When the oldest change that waits arrived. */
  long firstNanos() {
    return firstNanos;
  }

  private void plan(long now) {
    timer = loop.schedule(this::look, Duration.ofNanos(Math.max(0, dueNanos() - now)));
  }

  private long dueNanos() {
    Duration quiet = endpointsOnly ? settings.quietEndpoints() : settings.quiet();
    return Math.min(lastNanos + quiet.toNanos(), firstNanos + settings.waitMax().toNanos());
  }

  private void look() {
    long now = ticker.nanos();
    if (dueNanos() > now) {
      plan(now);
    } else {
      timer = null;
      push.run();
    }
  }
}
