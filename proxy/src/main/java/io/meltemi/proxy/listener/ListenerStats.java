package io.meltemi.proxy.listener;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.Histogram;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.transport.TlsStats;
import org.jspecify.annotations.Nullable;

/** The numbers of one listener under {@code listener.<address>.}. Any thread. */
final class ListenerStats {
  final Counter cxTotal;
  final Gauge cxActive;
  final Counter cxDestroy;
  final Counter cxOverflow;
  final Histogram cxLengthMs;
  final Gauge preCxActive;
  final Counter preCxTimeout;
  final Counter noFilterChainMatch;
  final Counter transportTimeout;
  private final StatScope scope;
  private volatile @Nullable TlsStats tls;

  ListenerStats(StatScope scope) {
    this.scope = scope;
    cxTotal = scope.counter("downstream_cx_total");
    cxActive = scope.gauge("downstream_cx_active");
    cxDestroy = scope.counter("downstream_cx_destroy");
    cxOverflow = scope.counter("downstream_cx_overflow");
    cxLengthMs = scope.histogram("downstream_cx_length_ms");
    preCxActive = scope.gauge("downstream_pre_cx_active");
    preCxTimeout = scope.counter("downstream_pre_cx_timeout");
    noFilterChainMatch = scope.counter("no_filter_chain_match");
    transportTimeout = scope.counter("downstream_cx_transport_socket_connect_timeout");
  }

  /** Made at first use: most listeners have no TLS. */
  TlsStats tls() {
    TlsStats known = tls;
    if (known == null) {
      known = new TlsStats(scope);
      tls = known;
    }
    return known;
  }
}
