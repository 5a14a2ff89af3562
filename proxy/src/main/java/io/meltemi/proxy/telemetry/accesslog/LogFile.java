package io.meltemi.proxy.telemetry.accesslog;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Stats;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A log that takes lines from event loops and writes them on its own thread, every flush interval
 * or when enough has come together. Taking a line copies it under a short lock and never waits for
 * the disk; when the writer falls behind the bound, lines are dropped and counted.
 */
final class LogFile implements AutoCloseable {
  /** What a file holds back at most, in bytes. */
  static final int PENDING_BYTES_MAX = 4 << 20;

  private static final int SPINS_MAX = 64;
  private static final int FLUSH_BYTES = 64 << 10;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final Condition written = lock.newCondition();
  private final OutputStream out;
  private final long flushNanos;
  private final Counter dropped;
  private final Counter writeFailed;
  private final Thread writer;
  private byte[] pending = new byte[8 << 10];
  private int pendingLength;
  private byte[] spare = new byte[8 << 10];
  private boolean closed;
  private boolean flushNow;
  private boolean writing;

  /**
   * @param out owned: closed with this
   * @param flushNanos how long a line may wait
   */
  LogFile(String name, OutputStream out, long flushNanos, Stats stats) {
    this.out = out;
    this.flushNanos = flushNanos;
    this.dropped = stats.counter("filesystem.write_dropped");
    this.writeFailed = stats.counter("filesystem.write_failed");
    this.writer = Thread.ofPlatform().name("access-log " + name).daemon().start(this::run);
  }

  /** Takes a line; the bytes are copied. Called by event loops, so it never waits for long. */
  void add(byte[] line, int length) {
    enter();
    try {
      if (closed || pendingLength + length > PENDING_BYTES_MAX) {
        dropped.inc();
        return;
      }
      if (pending.length - pendingLength < length) {
        pending =
            java.util.Arrays.copyOf(pending, Math.max(pending.length * 2, pendingLength + length));
      }
      System.arraycopy(line, 0, pending, pendingLength, length);
      int before = pendingLength;
      pendingLength += length;
      if (before == 0 || (before < FLUSH_BYTES && pendingLength >= FLUSH_BYTES)) {
        work.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * The lock without parking: an event loop that parks costs more than the lock is ever held, which
   * is for a copy in memory or an exchange of two buffers.
   */
  private void enter() {
    for (int tries = 0; !lock.tryLock(); tries++) {
      if (tries < SPINS_MAX) {
        Thread.onSpinWait();
      } else {
        // its holder may have lost its processor
        Thread.yield();
      }
    }
  }

  /** Returns when everything taken so far is written. */
  void flush() {
    lock.lock();
    try {
      while ((pendingLength > 0 || writing) && writer.isAlive()) {
        flushNow = true;
        work.signal();
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
      byte[] batch;
      int length;
      lock.lock();
      try {
        // an idle log wakes nobody
        while (!closed && !flushNow && pendingLength == 0) {
          work.await();
        }
        long wait = flushNanos;
        while (!closed && !flushNow && pendingLength < FLUSH_BYTES && wait > 0) {
          wait = work.awaitNanos(wait);
        }
        if (closed && pendingLength == 0) {
          return;
        }
        flushNow = false;
        batch = pending;
        length = pendingLength;
        pending = spare;
        pendingLength = 0;
        spare = batch;
        writing = true;
      } catch (InterruptedException e) {
        return;
      } finally {
        lock.unlock();
      }
      write(batch, length);
      lock.lock();
      try {
        writing = false;
        written.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private void write(byte[] batch, int length) {
    if (length == 0) {
      return;
    }
    try {
      out.write(batch, 0, length);
      out.flush();
    } catch (IOException e) {
      writeFailed.inc();
    }
  }

  /** Writes what is pending and ends the thread. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      work.signal();
    } finally {
      lock.unlock();
    }
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
