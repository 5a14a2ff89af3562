package io.meltemi.proxy.loop;

import io.meltemi.common.time.Ticker;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** What belongs to one event loop. Every method on that loop only. */
public final class LoopContext {
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  private static final long DATE_NANOS = 500_000_000L;

  private final EventLoop eventLoop;
  private final Ticker ticker;
  private final TimerWheel timers;
  private final SplittableRandom random;
  private byte[] date = new byte[0];
  private long dateNanos;
  private @Nullable Flushable[] batch = new @Nullable Flushable[16];
  private int batchSize;
  private @Nullable Flushable[] late = new @Nullable Flushable[16];
  private int lateSize;
  private final Runnable lateFlush = this::flushLate;
  private int depth;
  private long readNanos;

  LoopContext(EventLoop eventLoop, Ticker ticker, long seed) {
    this.eventLoop = eventLoop;
    this.ticker = ticker;
    this.timers = new TimerWheel(eventLoop, ticker, this::now);
    this.random = new SplittableRandom(seed);
  }

  public EventLoop eventLoop() {
    return eventLoop;
  }

  public Ticker ticker() {
    return ticker;
  }

  public long nanos() {
    return ticker.nanos();
  }

  /** As {@link #nanos}, but within a read the time at which it began. */
  public long now() {
    return depth > 0 ? readNanos : ticker.nanos();
  }

  public TimerWheel timers() {
    return timers;
  }

  /** Fresh random bits. */
  public long random() {
    return random.nextLong();
  }

  /** The present time as an HTTP date; at most half a second old. Not to be changed. */
  public byte[] date() {
    long now = now();
    if (date.length == 0 || now - dateNanos > DATE_NANOS) {
      date = DATE.format(ticker.now()).getBytes(StandardCharsets.US_ASCII);
      dateNanos = now;
    }
    return date;
  }

  /** A read begins: flushes asked for until {@link #exit} wait for it. */
  public void enter() {
    if (depth++ == 0) {
      readNanos = ticker.nanos();
    }
  }

  /** The read is over: everything asked for is flushed. */
  public void exit() {
    if (--depth > 0) {
      return;
    }
    // a flush may fail and so cause further writes: the batch may grow while it is worked off
    depth = 1;
    for (int i = 0; i < batchSize; i++) {
      Flushable next = batch[i];
      batch[i] = null;
      if (next != null) {
        next.queued = false;
        next.flushNow();
      }
    }
    batchSize = 0;
    depth = 0;
  }

  /** Flushes at the end of the present read, or at once outside of one. */
  public void flush(Flushable target) {
    if (target.queued) {
      return;
    }
    if (depth == 0) {
      target.flushNow();
      return;
    }
    target.queued = true;
    if (batchSize == batch.length) {
      batch = Arrays.copyOf(batch, batchSize * 2);
    }
    batch[batchSize++] = target;
  }

  /**
   * Flushes when the loop has worked off everything that it was woken for. What several channels'
   * reads have written to one connection so goes out in one piece.
   */
  public void flushAfterReads(Flushable target) {
    if (target.queued) {
      return;
    }
    target.queued = true;
    if (lateSize == late.length) {
      late = Arrays.copyOf(late, lateSize * 2);
    }
    late[lateSize++] = target;
    if (lateSize == 1) {
      // tasks run behind the reads of the same turn of the loop
      eventLoop.execute(lateFlush);
    }
  }

  private void flushLate() {
    enter();
    for (int i = 0; i < lateSize; i++) {
      Flushable next = late[i];
      late[i] = null;
      if (next != null) {
        next.queued = false;
        next.flushNow();
      }
    }
    lateSize = 0;
    exit();
  }
}
