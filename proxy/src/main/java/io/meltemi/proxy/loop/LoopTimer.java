package io.meltemi.proxy.loop;

import org.jspecify.annotations.Nullable;

/**
 * A timer that can be started again and again without garbage. It fires at the first tick of its
 * wheel at or after the deadline. Loop only.
 */
public abstract class LoopTimer {
  @Nullable LoopTimer next;
  @Nullable LoopTimer previous;
  long deadlineTick;
  int bucket = -1;

  /** The time is over; the timer is idle and may be started again. */
  protected abstract void onTimeout();

  /** Whether it will fire. */
  public final boolean isStarted() {
    return bucket >= 0;
  }
}
