package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.tracing.RequestTrace;
import io.meltemi.proxy.tracing.Span;
import org.jspecify.annotations.Nullable;

/** What is told of each try of one request after another: its span and its log. Loop only. */
final class TryRecords {
  private final HttpFilterContext context;
  private final LoopContext loop;
  private final @Nullable TryLog log;
  private boolean logged = true;
  private @Nullable Span span;
  private long startNanos;
  private int status;

  TryRecords(HttpFilterContext context, TryLog.Settings settings) {
    this.context = context;
    this.loop = context.loop();
    this.log = settings.log().map(to -> new TryLog(to, settings.atBegin())).orElse(null);
  }

  /**
   * @param number of the try, counted from 1
   */
  void begin(String cluster, int number) {
    startNanos = loop.now();
    status = 0;
    RequestTrace trace = context.trace();
    if (trace != null) {
      span = trace.beginTry(cluster, number);
    }
    if (log != null) {
      logged = false;
      log.begin();
    }
  }

  /** The try has its connection; the host is told of the span. */
  void ready() {
    RequestTrace trace = context.trace();
    if (trace != null) {
      trace.write(span, context.requestHeaders());
    }
    if (log != null) {
      log.ready(context.streamInfo(), startNanos, loop.now());
    }
  }

  void answered(int with) {
    status = with;
  }

  /** A piece of the answer's body has come. */
  void received(int bytes) {
    if (log != null) {
      log.received(bytes);
    }
  }

  long millis(long nowNanos) {
    return (nowNanos - startNanos) / 1_000_000;
  }

  /**
   * The try is over, which is told once.
   *
   * @param reset why the other side, or the connection, ended the try; empty when it did not
   * @param canceled whether this side did
   */
  void end(String reset, long flags, boolean canceled) {
    Span ended = span;
    RequestTrace trace = context.trace();
    if (ended != null && trace != null) {
      span = null;
      trace.endTry(ended, status, flags, reset, canceled);
    }
    if (!logged && log != null) {
      logged = true;
      log.end(context.streamInfo(), startNanos, loop.now(), status, flags);
    }
  }
}
