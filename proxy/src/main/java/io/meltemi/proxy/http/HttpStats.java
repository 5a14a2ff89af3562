package io.meltemi.proxy.http;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.Histogram;
import io.meltemi.proxy.telemetry.StatScope;

/**
 * The numbers of one connection manager under {@code http.<prefix>.}; see <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/stats">Envoy's
 * connection manager statistics</a>. Any thread.
 */
final class HttpStats {
  final StatScope scope;
  final Counter cxTotal;
  final Gauge cxActive;
  final Counter cxHttp1Total;
  final Gauge cxHttp1Active;
  final Counter cxHttp2Total;
  final Gauge cxHttp2Active;
  final Counter cxSslTotal;
  final Gauge cxSslActive;
  final Counter cxProtocolError;
  final Counter cxIdleTimeout;
  final Counter cxMaxDurationReached;
  final Counter cxMaxRequestsReached;
  final Counter cxDestroy;
  final Counter cxDestroyRemoteActiveRq;
  final Counter cxDestroyLocalActiveRq;
  final Counter cxDrainClose;
  final Counter cxUpgradesTotal;
  final Gauge cxUpgradesActive;
  final Counter cxRxBytesTotal;
  final Counter cxTxBytesTotal;
  final Histogram cxLengthMs;
  final Counter rqTotal;
  final Gauge rqActive;
  final Counter rqHttp1Total;
  final Counter rqHttp2Total;
  final Counter rqTooManyPrematureResets;
  final Counter rqCompleted;
  final Counter rqRxReset;
  final Counter rqTimeout;
  final Counter rqHeaderTimeout;
  final Counter rqIdleTimeout;
  final Counter rqMaxDurationReached;
  final Counter rqTooLarge;
  final Counter rqNonRelativePath;
  final Counter rqWsOnNonWsRoute;
  final Histogram rqTime;
  private final Counter[] classes = new Counter[5];

  HttpStats(StatScope scope) {
    this.scope = scope;
    cxTotal = scope.counter("downstream_cx_total");
    cxActive = scope.gauge("downstream_cx_active");
    cxHttp1Total = scope.counter("downstream_cx_http1_total");
    cxHttp1Active = scope.gauge("downstream_cx_http1_active");
    cxHttp2Total = scope.counter("downstream_cx_http2_total");
    cxHttp2Active = scope.gauge("downstream_cx_http2_active");
    cxSslTotal = scope.counter("downstream_cx_ssl_total");
    cxSslActive = scope.gauge("downstream_cx_ssl_active");
    cxProtocolError = scope.counter("downstream_cx_protocol_error");
    cxIdleTimeout = scope.counter("downstream_cx_idle_timeout");
    cxMaxDurationReached = scope.counter("downstream_cx_max_duration_reached");
    cxMaxRequestsReached = scope.counter("downstream_cx_max_requests_reached");
    cxDestroy = scope.counter("downstream_cx_destroy");
    cxDestroyRemoteActiveRq = scope.counter("downstream_cx_destroy_remote_active_rq");
    cxDestroyLocalActiveRq = scope.counter("downstream_cx_destroy_local_active_rq");
    cxDrainClose = scope.counter("downstream_cx_drain_close");
    cxUpgradesTotal = scope.counter("downstream_cx_upgrades_total");
    cxUpgradesActive = scope.gauge("downstream_cx_upgrades_active");
    cxRxBytesTotal = scope.counter("downstream_cx_rx_bytes_total");
    cxTxBytesTotal = scope.counter("downstream_cx_tx_bytes_total");
    cxLengthMs = scope.histogram("downstream_cx_length_ms");
    rqTotal = scope.counter("downstream_rq_total");
    rqActive = scope.gauge("downstream_rq_active");
    rqHttp1Total = scope.counter("downstream_rq_http1_total");
    rqHttp2Total = scope.counter("downstream_rq_http2_total");
    rqTooManyPrematureResets = scope.counter("downstream_rq_too_many_premature_resets");
    rqCompleted = scope.counter("downstream_rq_completed");
    rqRxReset = scope.counter("downstream_rq_rx_reset");
    rqTimeout = scope.counter("downstream_rq_timeout");
    rqHeaderTimeout = scope.counter("downstream_rq_header_timeout");
    rqIdleTimeout = scope.counter("downstream_rq_idle_timeout");
    rqMaxDurationReached = scope.counter("downstream_rq_max_duration_reached");
    rqTooLarge = scope.counter("downstream_rq_too_large");
    rqNonRelativePath = scope.counter("downstream_rq_non_relative_path");
    rqWsOnNonWsRoute = scope.counter("downstream_rq_ws_on_non_ws_route");
    rqTime = scope.histogram("downstream_rq_time");
    for (int i = 0; i < classes.length; i++) {
      classes[i] = scope.counter("downstream_rq_" + (i + 1) + "xx");
    }
  }

  void responseCode(int status) {
    rqCompleted.inc();
    if (status >= 100 && status <= 599) {
      classes[status / 100 - 1].inc();
    }
  }
}
