package io.meltemi.proxy.http.filter.wasm;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds the time of one machine's calls. Chicory looks at every jump back whether its thread is
 * interrupted; a thread of {@link CallClock} interrupts it when the time is over, and never while
 * the call is in a function of the host, whose channels an interrupt would close.
 */
final class CallGuard {
  private static final int IDLE = 0;
  private static final int RUNNING = 1;
  private static final int INTERRUPTING = 2;
  private static final int INTERRUPTED = 3;

  private final AtomicInteger state = new AtomicInteger();
  private volatile Thread thread = Thread.currentThread();
  private volatile long deadlineNanos;
  private boolean expired;

  /** The module runs from here on. */
  void begin(long newDeadlineNanos) {
    thread = Thread.currentThread();
    deadlineNanos = newDeadlineNanos;
    expired = false;
    state.set(RUNNING);
  }

  /** Whether the last call was interrupted. */
  boolean isExpired() {
    return expired;
  }

  /** The module runs again. */
  void resume() {
    state.set(RUNNING);
  }

  /**
   * The module does not run any more, or the host runs on its behalf.
   *
   * @return false when its time is over
   */
  boolean pause() {
    if (state.compareAndSet(RUNNING, IDLE)) {
      return true;
    }
    if (state.get() == IDLE) {
      return true;
    }
    while (state.get() == INTERRUPTING) {
      Thread.onSpinWait();
    }
    state.set(IDLE);
    // the interrupt was ours, and must not reach the loop
    expired |= Thread.interrupted();
    return false;
  }

  /** Interrupts the call when its time is over. Thread of the clock. */
  void check(long nowNanos) {
    if (state.get() == RUNNING
        && nowNanos - deadlineNanos >= 0
        && state.compareAndSet(RUNNING, INTERRUPTING)) {
      thread.interrupt();
      state.set(INTERRUPTED);
    }
  }
}
