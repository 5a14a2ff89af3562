package io.meltemi.proxy.network.filter.tcpproxy;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;

/** The numbers under {@code tcp.<prefix>.}. */
final class TcpProxyStats {
  final Counter cxTotal;
  final Counter cxNoRoute;
  final Counter cxRxBytes;
  final Counter cxTxBytes;
  final Counter flowControlPaused;
  final Counter flowControlResumed;
  final Counter idleTimeout;
  final Counter maxDuration;

  TcpProxyStats(StatScope scope) {
    cxTotal = scope.counter("downstream_cx_total");
    cxNoRoute = scope.counter("downstream_cx_no_route");
    cxRxBytes = scope.counter("downstream_cx_rx_bytes_total");
    cxTxBytes = scope.counter("downstream_cx_tx_bytes_total");
    flowControlPaused = scope.counter("downstream_flow_control_paused_reading_total");
    flowControlResumed = scope.counter("downstream_flow_control_resumed_reading_total");
    idleTimeout = scope.counter("idle_timeout");
    maxDuration = scope.counter("max_downstream_connection_duration");
  }
}
