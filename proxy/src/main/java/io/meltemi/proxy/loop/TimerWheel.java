package io.meltemi.proxy.loop;

import io.meltemi.common.time.Ticker;
import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A hashed wheel of {@link LoopTimer}s: starting and cancelling one is a list operation, and the
 * loop itself holds one scheduled task for all of them, only while there are any. A tick is 5 ms.
 *
 * <p>The task wakes for the next bucket in use, so an idle loop with one long timer wakes once per
 * turn of the wheel (about 10 s).
 */
public final class TimerWheel {
  private static final long TICK_NANOS = 5_000_000L;
  private static final int BUCKETS = 2048;
  private static final int MASK = BUCKETS - 1;

  private final EventExecutor loop;
  private final Ticker ticker;
  private final LongSupplier now;
  private final long origin;
  private final @Nullable LoopTimer[] heads = new @Nullable LoopTimer[BUCKETS];
  private final long[] used = new long[BUCKETS / 64];
  private final Runnable wake = this::onWake;
  private long doneTick;
  private int started;
  private boolean scheduled;
  private long scheduledTick;

  TimerWheel(EventExecutor loop, Ticker ticker) {
    this(loop, ticker, ticker::nanos);
  }

  /**
   * @param now the time that delays count from; may lag by the length of one read, so that a
   *     request need not ask the clock for each of its timers
   */
  TimerWheel(EventExecutor loop, Ticker ticker, LongSupplier now) {
    this.loop = loop;
    this.ticker = ticker;
    this.now = now;
    this.origin = ticker.nanos();
  }

  private long tickNow() {
    return (ticker.nanos() - origin) / TICK_NANOS;
  }

  /** Starts the timer, or starts it anew. A delay of 0 or less fires at the next tick. */
  public void start(LoopTimer timer, long delayNanos) {
    cancel(timer);
    long deadlineNanos = now.getAsLong() - origin + Math.max(0, delayNanos);
    long tick = Math.max((deadlineNanos + TICK_NANOS - 1) / TICK_NANOS, doneTick + 1);
    int bucket = (int) (tick & MASK);
    timer.deadlineTick = tick;
    timer.bucket = bucket;
    LoopTimer head = heads[bucket];
    timer.previous = null;
    timer.next = head;
    if (head != null) {
      head.previous = timer;
    } else {
      used[bucket >>> 6] |= 1L << bucket;
    }
    heads[bucket] = timer;
    started++;
    long wakeTick = Math.min(tick, doneTick + BUCKETS);
    if (!scheduled || wakeTick < scheduledTick) {
      schedule(wakeTick);
    }
  }

  /** Stops the timer; nothing happens when it is not started. */
  public void cancel(LoopTimer timer) {
    int bucket = timer.bucket;
    if (bucket < 0) {
      return;
    }
    LoopTimer next = timer.next;
    LoopTimer previous = timer.previous;
    if (previous == null) {
      heads[bucket] = next;
      if (next == null) {
        used[bucket >>> 6] &= ~(1L << bucket);
      }
    } else {
      previous.next = next;
    }
    if (next != null) {
      next.previous = previous;
    }
    timer.next = null;
    timer.previous = null;
    timer.bucket = -1;
    started--;
  }

  /** Number of started timers. */
  public int size() {
    return started;
  }

  private void schedule(long tick) {
    scheduled = true;
    scheduledTick = tick;
    long delay = Math.max(0, origin + tick * TICK_NANOS - ticker.nanos());
    // an earlier task may still be pending; it finds nothing to do and goes
    loop.schedule(wake, delay, TimeUnit.NANOSECONDS);
  }

  private void onWake() {
    runDue();
    if (started == 0) {
      scheduled = false;
      return;
    }
    long next = nextUsedTick();
    if (scheduledTick > doneTick && scheduledTick <= next) {
      return;
    }
    schedule(next);
  }

  /** Fires every timer whose time has come; also for tests with a clock of their own. */
  public void runDue() {
    long now = tickNow();
    if (now - doneTick >= BUCKETS) {
      long skipTo = now - BUCKETS;
      doneTick = Math.max(doneTick, skipTo);
    }
    while (doneTick < now) {
      doneTick++;
      int bucket = (int) (doneTick & MASK);
      if ((used[bucket >>> 6] & (1L << bucket)) != 0) {
        runBucket(bucket, now);
      }
    }
  }

  private void runBucket(int bucket, long now) {
    // a callback may start or cancel any timer, so the list is read anew after each
    boolean fired = true;
    while (fired) {
      fired = false;
      for (LoopTimer timer = heads[bucket]; timer != null; timer = timer.next) {
        if (timer.deadlineTick <= now) {
          cancel(timer);
          timer.onTimeout();
          fired = true;
          break;
        }
      }
    }
  }

  private long nextUsedTick() {
    for (long tick = doneTick + 1; tick <= doneTick + BUCKETS; tick++) {
      int bucket = (int) (tick & MASK);
      long word = used[bucket >>> 6] >>> bucket;
      if (word == 0) {
        tick += 63 - (bucket & 63);
      } else {
        return Math.min(tick + Long.numberOfTrailingZeros(word), doneTick + BUCKETS);
      }
    }
    return doneTick + BUCKETS;
  }
}
