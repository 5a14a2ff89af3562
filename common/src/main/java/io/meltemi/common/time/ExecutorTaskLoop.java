package io.meltemi.common.time;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A loop on a single-threaded executor; a task that throws is reported and the loop goes on. */
final class ExecutorTaskLoop implements TaskLoop {
  private static final System.Logger LOG = System.getLogger(TaskLoop.class.getName());
  private final ScheduledExecutorService executor;
  private volatile @Nullable Thread current;

  ExecutorTaskLoop(ScheduledExecutorService executor) {
    this.executor = executor;
  }

  @Override
  public void execute(Runnable task) {
    try {
      executor.execute(() -> run(task));
    } catch (RejectedExecutionException _) {
      LOG.log(System.Logger.Level.TRACE, "a task came after the loop's end");
    }
  }

  @Override
  public Scheduled schedule(Runnable task, Duration delay) {
    try {
      ScheduledFuture<?> future =
          executor.schedule(() -> run(task), delay.toNanos(), TimeUnit.NANOSECONDS);
      return () -> future.cancel(false);
    } catch (RejectedExecutionException _) {
      LOG.log(System.Logger.Level.TRACE, "a task came after the loop's end");
      return () -> {};
    }
  }

  @Override
  public boolean inLoop() {
    return current == Thread.currentThread();
  }

  private void run(Runnable task) {
    Thread outer = current;
    current = Thread.currentThread();
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      // an executor would keep an Error to itself
      LOG.log(System.Logger.Level.ERROR, "a task failed: " + e, e);
    } finally {
      current = outer;
    }
  }
}
