package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.route.RetryPolicy;
import io.meltemi.proxy.route.RouteAction;
import io.meltemi.proxy.route.Timeouts;

/**
 * How long one request and each of its tries may take, by its route and by what the client asks,
 * and the timers that hold them to it. Reused per stream, on its event loop.
 */
final class RequestTimeouts {
  private static final HeaderName EXPECTED_TIMEOUT =
      HeaderName.of("x-envoy-expected-rq-timeout-ms");
  private static final HeaderName REQUEST_TIMEOUT = HeaderName.of("x-envoy-upstream-rq-timeout-ms");
  private static final HeaderName TRY_TIMEOUT =
      HeaderName.of("x-envoy-upstream-rq-per-try-timeout-ms");

  /** Learns which time is over. */
  interface Watcher {
    void onResponseTimeout();

    void onTryTimeout();

    /** One try has lived as long as its cluster lets it. */
    void onDurationReached();

    void onBackOffEnd();
  }

  private final class ResponseTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      watcher.onResponseTimeout();
    }
  }

  private final class TryTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      watcher.onTryTimeout();
    }
  }

  private final class DurationTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      watcher.onDurationReached();
    }
  }

  private final class BackOffTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      watcher.onBackOffEnd();
    }
  }

  private final LoopContext loop;
  private final Watcher watcher;
  private final ResponseTimer responseTimer = new ResponseTimer();
  private final TryTimer tryTimer = new TryTimer();
  private final DurationTimer durationTimer = new DurationTimer();
  private final BackOffTimer backOffTimer = new BackOffTimer();
  private long responseNanos;
  private long tryNanos;

  RequestTimeouts(LoopContext loop, Watcher watcher) {
    this.loop = loop;
    this.watcher = watcher;
  }

  /**
   * A request begins: nothing runs yet. Headers that ask for times are taken out, those that tell
   * the host of them are set.
   */
  void begin(
      RouteAction.Forward target, HeaderBlock headers, boolean grpc, boolean suppressHeaders) {
    Timeouts times = target.timeouts();
    responseNanos = times.responseNanos();
    boolean bounded = grpc && times.boundsGrpcResponse();
    if (bounded) {
      responseNanos = grpcNanos(times, headers);
    }
    RetryPolicy policy = target.retryPolicy().orElse(null);
    tryNanos = policy == null ? 0 : policy.perTryNanos();
    int asked = headers.find(REQUEST_TIMEOUT);
    if (asked >= 0) {
      responseNanos = millis(headers, asked, responseNanos);
      headers.remove(REQUEST_TIMEOUT);
    }
    int askedTry = headers.find(TRY_TIMEOUT);
    if (askedTry >= 0) {
      tryNanos = millis(headers, askedTry, tryNanos);
      headers.remove(TRY_TIMEOUT);
    }
    if (responseNanos > 0 && tryNanos >= responseNanos) {
      tryNanos = 0;
    }
    long expected = tryNanos > 0 ? tryNanos : responseNanos;
    if (expected > 0 && !suppressHeaders) {
      headers.setNumber(EXPECTED_TIMEOUT, expected / 1_000_000);
    }
    if (bounded && expected > 0) {
      GrpcHeaders.setTimeout(headers, expected);
    }
  }

  /** The client's time, less the offset where that leaves some, at most the route's; 0 for none. */
  private static long grpcNanos(Timeouts times, HeaderBlock headers) {
    long nanos = Math.max(0, GrpcHeaders.timeoutNanos(headers));
    if (times.grpcHeaderOffsetNanos() < nanos) {
      nanos -= times.grpcHeaderOffsetNanos();
    }
    long max = times.grpcHeaderNanosMax();
    return max > 0 && (nanos == 0 || nanos > max) ? max : nanos;
  }

  private static long millis(HeaderBlock headers, int index, long otherwise) {
    try {
      long millis = Long.parseLong(headers.value(index));
      return millis < 0 || millis > Long.MAX_VALUE / 1_000_000 ? otherwise : millis * 1_000_000;
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  /** What the whole response may take; 0 for any time. */
  long responseNanos() {
    return responseNanos;
  }

  /** The time of the response begins, unless it has begun. */
  void startResponse() {
    if (responseNanos > 0 && !responseTimer.isStarted()) {
      loop.timers().start(responseTimer, responseNanos);
    }
  }

  /**
   * A try has its connection.
   *
   * @param durationNanosMax how long it may live; 0 for any time
   */
  void startTry(long durationNanosMax) {
    if (tryNanos > 0) {
      loop.timers().start(tryTimer, tryNanos);
    }
    if (durationNanosMax > 0) {
      loop.timers().start(durationTimer, durationNanosMax);
    }
  }

  void startBackOff(long nanos) {
    loop.timers().start(backOffTimer, nanos);
  }

  /** The response has begun to come: its try may live on. */
  void endTryTimeout() {
    loop.timers().cancel(tryTimer);
  }

  void endTry() {
    loop.timers().cancel(tryTimer);
    loop.timers().cancel(durationTimer);
  }

  void endResponse() {
    loop.timers().cancel(responseTimer);
  }

  void endBackOff() {
    loop.timers().cancel(backOffTimer);
  }
}
