package io.meltemi.proxy.codec;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.StatScope;

/**
 * Envoy's HTTP/2 codec statistics: the scope is {@code http2.} for clients of the proxy and {@code
 * cluster.<name>.http2.} for its backends. Any thread.
 */
public final class Http2Stats {
  final Counter rxReset;
  final Counter txReset;
  final Counter rxMessagingError;
  final Counter headerOverflow;
  final Counter trailers;
  final Counter goAwaySent;
  final Counter keepAliveTimeout;
  final Counter outboundFlood;
  final Counter outboundControlFlood;
  final Counter emptyFramesFlood;
  final Counter priorityFlood;
  final Counter windowUpdateFlood;
  final Counter continuationFlood;
  final Counter resetFlood;
  final Counter txFlushTimeout;
  final Gauge streamsActive;
  final Gauge pendingSendBytes;

  public Http2Stats(StatScope scope) {
    rxReset = scope.counter("rx_reset");
    txReset = scope.counter("tx_reset");
    rxMessagingError = scope.counter("rx_messaging_error");
    headerOverflow = scope.counter("header_overflow");
    trailers = scope.counter("trailers");
    goAwaySent = scope.counter("goaway_sent");
    keepAliveTimeout = scope.counter("keepalive_timeout");
    outboundFlood = scope.counter("outbound_flood");
    outboundControlFlood = scope.counter("outbound_control_flood");
    emptyFramesFlood = scope.counter("inbound_empty_frames_flood");
    priorityFlood = scope.counter("inbound_priority_frames_flood");
    windowUpdateFlood = scope.counter("inbound_window_update_frames_flood");
    continuationFlood = scope.counter("inbound_continuation_frames_flood");
    resetFlood = scope.counter("inbound_reset_frames_flood");
    txFlushTimeout = scope.counter("tx_flush_timeout");
    streamsActive = scope.gauge("streams_active");
    pendingSendBytes = scope.gauge("pending_send_bytes");
  }
}
