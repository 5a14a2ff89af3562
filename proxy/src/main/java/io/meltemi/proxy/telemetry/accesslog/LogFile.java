package io.meltemi.proxy.telemetry.accesslog;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Stats;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A log that takes lines from event loops and writes them on its own thread, every flush interval
 * or when enough has come together. Taking a line copies it and waits for nobody, neither the disk
 * nor another loop; when the writer falls behind the bound, lines are dropped and counted. The
 * lines of one loop stay in their order.
 */
final class LogFile implements AutoCloseable {
  /** What a file holds back at most, in bytes. */
  static final int PENDING_BYTES_MAX = 4 << 20;

  private static final int FLUSH_BYTES = 64 << 10;
  private static final int BATCH_BYTES = 8 << 10;

  /** Lines that are written together. Belongs to whoever took it out of where it lay. */
  private static final class Batch {
    private byte[] bytes = new byte[BATCH_BYTES];
    private int length;

    void add(byte[] line, int count) {
      if (bytes.length - length < count) {
        bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + count));
      }
      System.arraycopy(line, 0, bytes, length, count);
      length += count;
    }
  }

  /** Where one loop lays its lines and the writer takes them. */
  private static final class Lines {
    /** Absent while the loop is adding, and after the writer came. */
    private final AtomicReference<@Nullable Batch> open = new AtomicReference<>();

    private final AtomicReference<@Nullable Batch> spare = new AtomicReference<>();

    void add(byte[] line, int length) {
      Batch batch = open.getAndSet(null);
      if (batch == null) {
        batch = spare.getAndSet(null);
      }
      if (batch == null) {
        batch = new Batch();
      }
      batch.add(line, length);
      open.set(batch);
    }
  }

  private final List<Lines> all = new CopyOnWriteArrayList<>();

  private final FastThreadLocal<Lines> own =
      new FastThreadLocal<>() {
        @Override
        protected Lines initialValue() {
          Lines made = new Lines();
          all.add(made);
          return made;
        }
      };

  /** Bytes that loops have taken or are about to take, and the writer has not. */
  private final AtomicInteger pending = new AtomicInteger();

  private final OutputStream out;
  private final long flushNanos;
  private final Ticker ticker;
  private final Counter dropped;
  private final Counter writeFailed;
  private final Thread writer;

  /** Between the writer and those who wait in {@link #flush}; never taken by a loop. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition written = lock.newCondition();
  private boolean writing;
  private volatile boolean closed;
  private volatile boolean flushNow;

  /**
   * @param out owned: closed with this
   * @param flushNanos how long a line may wait
   * @param ticker the machine's: the writer waits in real time
   */
  LogFile(String name, OutputStream out, long flushNanos, Ticker ticker, Stats stats) {
    this.out = out;
    this.flushNanos = flushNanos;
    this.ticker = ticker;
    this.dropped = stats.counter("filesystem.write_dropped");
    this.writeFailed = stats.counter("filesystem.write_failed");
    this.writer = Thread.ofPlatform().name("access-log " + name).daemon().start(this::run);
  }

  /** Takes a line; the bytes are copied. Any thread; does not block. */
  void add(byte[] line, int length) {
    int before = pending.getAndAdd(length);
    if (closed || before + length > PENDING_BYTES_MAX) {
      pending.getAndAdd(-length);
      dropped.inc();
      return;
    }
    own.get().add(line, length);
    if (before == 0 || (before < FLUSH_BYTES && before + length >= FLUSH_BYTES)) {
      LockSupport.unpark(writer);
    }
  }

  /** Returns when everything taken so far is written. */
  void flush() {
    lock.lock();
    try {
      while ((pending.get() > 0 || writing) && writer.isAlive()) {
        flushNow = true;
        LockSupport.unpark(writer);
        written.awaitNanos(flushNanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    while (true) {
      // an idle log wakes nobody
      while (!closed && !flushNow && pending.get() == 0) {
        LockSupport.park(this);
      }
      long start = ticker.nanos();
      long wait = flushNanos;
      while (!closed && !flushNow && pending.get() < FLUSH_BYTES && wait > 0) {
        LockSupport.parkNanos(this, wait);
        wait = flushNanos - (ticker.nanos() - start);
      }
      if (closed && pending.get() == 0) {
        return;
      }
      setWriting(true);
      flushNow = false;
      boolean some = false;
      for (Lines lines : all) {
        some |= write(lines);
      }
      setWriting(false);
      if (!some) {
        // a loop is about to put down what it has counted
        Thread.onSpinWait();
      }
    }
  }

  private void setWriting(boolean now) {
    lock.lock();
    try {
      writing = now;
      written.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private boolean write(Lines lines) {
    Batch batch = lines.open.getAndSet(null);
    if (batch == null) {
      return false;
    }
    pending.getAndAdd(-batch.length);
    try {
      out.write(batch.bytes, 0, batch.length);
      out.flush();
    } catch (IOException e) {
      writeFailed.inc();
    }
    batch.length = 0;
    lines.spare.set(batch);
    return true;
  }

  /** Writes what is pending and ends the thread. */
  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(writer);
    try {
      writer.join();
      out.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      writeFailed.inc();
    }
  }
}
