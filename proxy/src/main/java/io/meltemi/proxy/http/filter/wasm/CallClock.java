package io.meltemi.proxy.http.filter.wasm;

import io.meltemi.common.time.Ticker;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Interrupts calls that take too long: one thread while there are machines. Any thread. */
final class CallClock {
  private static final long INTERVAL_NANOS = 50_000_000;

  private final Ticker ticker;
  private final Set<CallGuard> guards = ConcurrentHashMap.newKeySet();
  private @Nullable Thread thread;

  CallClock(Ticker ticker) {
    this.ticker = ticker;
  }

  long nanos() {
    return ticker.nanos();
  }

  synchronized void watch(CallGuard guard) {
    guards.add(guard);
    if (thread == null) {
      thread = Thread.ofPlatform().daemon().name("wasm-clock").start(this::run);
    }
  }

  void forget(CallGuard guard) {
    guards.remove(guard);
  }

  private void run() {
    while (!isDone()) {
      LockSupport.parkNanos(INTERVAL_NANOS);
      long now = ticker.nanos();
      guards.forEach(guard -> guard.check(now));
    }
  }

  private synchronized boolean isDone() {
    if (guards.isEmpty()) {
      thread = null;
      return true;
    }
    return false;
  }
}
