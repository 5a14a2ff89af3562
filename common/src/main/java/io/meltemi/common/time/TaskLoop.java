package io.meltemi.common.time;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;

/**
 * One thread that runs tasks in the order given, at once or later. State that belongs to a loop is
 * only touched by its tasks, so it needs no lock. All methods may be called by any thread.
 */
public interface TaskLoop {
  /** Runs a task after those already given. Dropped when the loop has ended. */
  void execute(Runnable task);

  /** Runs a task once the delay has passed. Dropped when the loop has ended. */
  Scheduled schedule(Runnable task, Duration delay);

  /** True when the caller is a task of this loop. */
  boolean inLoop();

  /** A task that has not run yet. */
  interface Scheduled {
    /** Stops the task from running; nothing happens when it already ran. */
    void cancel();
  }

  /**
   * A loop on an executor.
   *
   * @param executor runs one task at a time (one thread, or one event loop); stays the caller's to
   *     end
   */
  static TaskLoop on(ScheduledExecutorService executor) {
    return new ExecutorTaskLoop(executor);
  }
}
