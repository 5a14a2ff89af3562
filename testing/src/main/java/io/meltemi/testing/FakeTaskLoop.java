package io.meltemi.testing;

import io.meltemi.common.time.TaskLoop;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * A loop that runs in the test's own thread, on a fake clock: {@link #runAll} for what is due now,
 * {@link #advance} to let time pass. Tasks may be given by any thread.
 */
public final class FakeTaskLoop implements TaskLoop {
  private static final int TASKS_MAX = 1_000_000;
  private final FakeTicker ticker;
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private final PriorityQueue<Timer> timers =
      new PriorityQueue<>(
          Comparator.comparingLong((Timer timer) -> timer.atNanos)
              .thenComparingLong(timer -> timer.order));
  private long order;
  private boolean running;

  public FakeTaskLoop(FakeTicker ticker) {
    this.ticker = ticker;
  }

  @Override
  public synchronized void execute(Runnable task) {
    tasks.add(task);
  }

  @Override
  public synchronized Scheduled schedule(Runnable task, Duration delay) {
    Timer timer = new Timer(ticker.nanos() + delay.toNanos(), order++, task);
    timers.add(timer);
    return () -> {
      synchronized (this) {
        timers.remove(timer);
      }
    };
  }

  @Override
  public synchronized boolean inLoop() {
    return running;
  }

  /** Runs what is due now, and what that brings; the number of tasks run. */
  public int runAll() {
    for (int count = 0; count < TASKS_MAX; count++) {
      Runnable next = poll();
      if (next == null) {
        return count;
      }
      setRunning(true);
      try {
        next.run();
      } finally {
        setRunning(false);
      }
    }
    throw new IllegalStateException("tasks do not end (expected: at most " + TASKS_MAX + ")");
  }

  /** Moves the clock, stopping at each timer on the way, and runs everything due. */
  public void advance(Duration duration) {
    runAll();
    long endNanos = ticker.nanos() + duration.toNanos();
    for (long at = nextTimer(); at <= endNanos; at = nextTimer()) {
      ticker.advance(Duration.ofNanos(Math.max(0, at - ticker.nanos())));
      runAll();
    }
    ticker.advance(Duration.ofNanos(endNanos - ticker.nanos()));
    runAll();
  }

  /** Timers that have not run and were not cancelled. */
  public synchronized int timers() {
    return timers.size();
  }

  private synchronized long nextTimer() {
    Timer timer = timers.peek();
    return timer == null ? Long.MAX_VALUE : timer.atNanos;
  }

  private synchronized void setRunning(boolean value) {
    running = value;
  }

  private synchronized @org.jspecify.annotations.Nullable Runnable poll() {
    Timer timer = timers.peek();
    if (timer != null && timer.atNanos <= ticker.nanos()) {
      timers.remove(timer);
      return timer.task;
    }
    return tasks.poll();
  }

  private record Timer(long atNanos, long order, Runnable task) {}
}
