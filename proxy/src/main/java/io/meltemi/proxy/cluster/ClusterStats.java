package io.meltemi.proxy.cluster;

import io.meltemi.proxy.codec.Http2Stats;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.Histogram;
import io.meltemi.proxy.telemetry.StatScope;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of one cluster under {@code cluster.<name>.}; see <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats">Envoy's
 * cluster statistics</a>. Any thread.
 */
public final class ClusterStats {
  public final Counter cxTotal;
  public final Gauge cxActive;
  public final Counter cxHttp1Total;
  public final Counter cxHttp2Total;
  public final Counter cxCloseNotify;
  public final Counter cxConnectFail;
  public final Counter cxConnectTimeout;
  public final Counter cxOverflow;
  public final Counter cxPoolOverflow;
  public final Counter cxDestroy;
  public final Counter cxDestroyLocal;
  public final Counter cxDestroyRemote;
  public final Counter cxDestroyWithActiveRq;
  public final Counter cxIdleTimeout;
  public final Counter cxMaxRequests;
  public final Counter cxMaxDurationReached;
  public final Counter cxNoneHealthy;
  public final Counter cxProtocolError;
  public final Counter cxRxBytesTotal;
  public final Counter cxTxBytesTotal;
  public final Histogram cxConnectMs;
  public final Histogram cxLengthMs;
  public final Counter rqTotal;
  public final Gauge rqActive;
  public final Counter rqPendingTotal;
  public final Gauge rqPendingActive;
  public final Counter rqPendingOverflow;
  public final Counter rqPendingFailureEject;
  public final Counter rqCancelled;
  public final Counter rqTimeout;
  public final Counter rqPerTryTimeout;
  public final Counter rqMaxDurationReached;
  public final Counter rqRxReset;
  public final Counter rqTxReset;
  public final Counter rqRetry;
  public final Counter rqRetrySuccess;
  public final Counter rqRetryOverflow;
  public final Counter rqRetryLimitExceeded;
  public final Counter rqRetryBackoffExponential;
  public final Counter rqCompleted;
  public final Histogram rqTime;
  public final Counter lbHealthyPanic;
  public final Counter bindErrors;
  private final Counter[] classes = new Counter[5];
  private final AtomicReferenceArray<Counter> codes = new AtomicReferenceArray<>(600);
  private final StatScope scope;
  private final Supplier<StatScope> http2Scope;
  private volatile @Nullable Http2Stats http2;

  /**
   * @param http2Scope asked for at first use
   */
  ClusterStats(StatScope scope, Supplier<StatScope> http2Scope) {
    this.scope = scope;
    this.http2Scope = http2Scope;
    cxTotal = scope.counter("upstream_cx_total");
    cxActive = scope.gauge("upstream_cx_active");
    cxHttp1Total = scope.counter("upstream_cx_http1_total");
    cxHttp2Total = scope.counter("upstream_cx_http2_total");
    cxCloseNotify = scope.counter("upstream_cx_close_notify");
    cxConnectFail = scope.counter("upstream_cx_connect_fail");
    cxConnectTimeout = scope.counter("upstream_cx_connect_timeout");
    cxOverflow = scope.counter("upstream_cx_overflow");
    cxPoolOverflow = scope.counter("upstream_cx_pool_overflow");
    cxDestroy = scope.counter("upstream_cx_destroy");
    cxDestroyLocal = scope.counter("upstream_cx_destroy_local");
    cxDestroyRemote = scope.counter("upstream_cx_destroy_remote");
    cxDestroyWithActiveRq = scope.counter("upstream_cx_destroy_with_active_rq");
    cxIdleTimeout = scope.counter("upstream_cx_idle_timeout");
    cxMaxRequests = scope.counter("upstream_cx_max_requests");
    cxMaxDurationReached = scope.counter("upstream_cx_max_duration_reached");
    cxNoneHealthy = scope.counter("upstream_cx_none_healthy");
    cxProtocolError = scope.counter("upstream_cx_protocol_error");
    cxRxBytesTotal = scope.counter("upstream_cx_rx_bytes_total");
    cxTxBytesTotal = scope.counter("upstream_cx_tx_bytes_total");
    cxConnectMs = scope.histogram("upstream_cx_connect_ms");
    cxLengthMs = scope.histogram("upstream_cx_length_ms");
    rqTotal = scope.counter("upstream_rq_total");
    rqActive = scope.gauge("upstream_rq_active");
    rqPendingTotal = scope.counter("upstream_rq_pending_total");
    rqPendingActive = scope.gauge("upstream_rq_pending_active");
    rqPendingOverflow = scope.counter("upstream_rq_pending_overflow");
    rqPendingFailureEject = scope.counter("upstream_rq_pending_failure_eject");
    rqCancelled = scope.counter("upstream_rq_cancelled");
    rqTimeout = scope.counter("upstream_rq_timeout");
    rqPerTryTimeout = scope.counter("upstream_rq_per_try_timeout");
    rqMaxDurationReached = scope.counter("upstream_rq_max_duration_reached");
    rqRxReset = scope.counter("upstream_rq_rx_reset");
    rqTxReset = scope.counter("upstream_rq_tx_reset");
    rqRetry = scope.counter("upstream_rq_retry");
    rqRetrySuccess = scope.counter("upstream_rq_retry_success");
    rqRetryOverflow = scope.counter("upstream_rq_retry_overflow");
    rqRetryLimitExceeded = scope.counter("upstream_rq_retry_limit_exceeded");
    rqRetryBackoffExponential = scope.counter("upstream_rq_retry_backoff_exponential");
    rqCompleted = scope.counter("upstream_rq_completed");
    rqTime = scope.histogram("upstream_rq_time");
    lbHealthyPanic = scope.counter("lb_healthy_panic");
    bindErrors = scope.counter("bind_errors");
    for (int i = 0; i < classes.length; i++) {
      classes[i] = scope.counter("upstream_rq_" + (i + 1) + "xx");
    }
  }

  /** The numbers of the HTTP/2 codec; made at first use, as most clusters speak HTTP/1.1. */
  public Http2Stats http2() {
    Http2Stats made = http2;
    if (made == null) {
      made = new Http2Stats(http2Scope.get());
      http2 = made;
    }
    return made;
  }

  /** Counts a finished response under its status and its status class. */
  public void responseCode(int status) {
    if (status < 100 || status > 599) {
      return;
    }
    rqCompleted.inc();
    classes[status / 100 - 1].inc();
    Counter code = codes.get(status);
    if (code == null) {
      code = scope.counter("upstream_rq_" + status);
      codes.set(status, code);
    }
    code.inc();
  }
}
