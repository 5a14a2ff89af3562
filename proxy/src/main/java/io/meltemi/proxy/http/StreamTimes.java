package io.meltemi.proxy.http;

import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.route.RouteAction;

/**
 * How long one stream after another may be silent, ask and live, and the timers that hold it to
 * that. Event loop only.
 */
final class StreamTimes {
  /** Learns which time is over. */
  interface Watcher {
    void onIdleTimeout();

    void onRequestTimeout();

    void onDurationTimeout();
  }

  private final class IdleTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      long left = activeNanos + idleNanos - loop.nanos();
      if (left > 0) {
        loop.timers().start(this, left);
      } else {
        watcher.onIdleTimeout();
      }
    }
  }

  private final class RequestTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      watcher.onRequestTimeout();
    }
  }

  private final class DurationTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      watcher.onDurationTimeout();
    }
  }

  private final LoopContext loop;
  private final HttpConnectionManagerSettings.Times times;
  private final Watcher watcher;
  private final IdleTimer idleTimer = new IdleTimer();
  private final RequestTimer requestTimer = new RequestTimer();
  private final DurationTimer durationTimer = new DurationTimer();
  private long idleNanos;
  private long activeNanos;

  StreamTimes(LoopContext loop, HttpConnectionManagerSettings.Times times, Watcher watcher) {
    this.loop = loop;
    this.times = times;
    this.watcher = watcher;
  }

  /** Something has come or gone; the idle timer looks at this when it is over. */
  void active(long nowNanos) {
    activeNanos = nowNanos;
  }

  /** The head of a request has come. */
  void begin(boolean requestEnded) {
    idleNanos = times.streamIdleNanos();
    if (idleNanos > 0) {
      loop.timers().start(idleTimer, idleNanos);
    }
    if (times.requestNanos() > 0 && !requestEnded) {
      loop.timers().start(requestTimer, times.requestNanos());
    }
    if (times.streamNanosMax() > 0) {
      loop.timers().start(durationTimer, times.streamNanosMax());
    }
  }

  /** A route that has times of its own is chosen. */
  void apply(RouteAction.Forward forward) {
    long idle = forward.timeouts().idleNanos();
    if (idle >= 0 && idle != idleNanos) {
      idleNanos = idle;
      loop.timers().cancel(idleTimer);
      if (idle > 0) {
        loop.timers().start(idleTimer, idle);
      }
    }
    long duration = forward.timeouts().streamNanosMax();
    if (duration >= 0) {
      loop.timers().cancel(durationTimer);
      if (duration > 0) {
        loop.timers().start(durationTimer, duration);
      }
    }
  }

  void endRequest() {
    loop.timers().cancel(requestTimer);
  }

  void end() {
    loop.timers().cancel(idleTimer);
    loop.timers().cancel(requestTimer);
    loop.timers().cancel(durationTimer);
  }
}
