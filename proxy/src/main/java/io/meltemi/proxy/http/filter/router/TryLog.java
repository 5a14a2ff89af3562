package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.telemetry.AccessLog;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.util.Optional;

/** Records of the tries of one request after another ({@code upstream_log}). Event loop only. */
final class TryLog {
  /**
   * @param atBegin whether there is a record when a try has its connection, too
   */
  record Settings(Optional<AccessLog> log, boolean atBegin) {
    static final Settings NONE = new Settings(Optional.empty(), false);
  }

  private final AccessLog log;
  private final boolean atBegin;
  private final StreamInfo info = new StreamInfo();
  private long bytesReceived;

  TryLog(AccessLog log, boolean atBegin) {
    this.log = log;
    this.atBegin = atBegin;
  }

  void begin() {
    bytesReceived = 0;
  }

  /** A piece of the answer's body has come. */
  void received(int bytes) {
    bytesReceived += bytes;
  }

  /** The try has its connection. */
  void ready(StreamInfo request, long startNanos, long nanos) {
    if (atBegin) {
      describe(request, startNanos, nanos);
      info.responseHeaders = null;
      info.logType = StreamInfo.LogType.UPSTREAM_POOL_READY;
      log.log(info);
      info.clear();
    }
  }

  /**
   * The try is over.
   *
   * @param request the record of the request
   * @param status 0 when there was no answer
   */
  void end(StreamInfo request, long startNanos, long nanos, int status, long flags) {
    describe(request, startNanos, nanos);
    info.responseHeaders = status == 0 ? null : request.responseHeaders;
    info.responseTrailers = request.responseTrailers;
    info.responseCode = status;
    info.responseFlags = flags;
    info.bytesSent = request.bytesReceived;
    info.bytesReceived = bytesReceived;
    info.firstUpstreamRxByteNanos = status == 0 ? 0 : request.firstUpstreamRxByteNanos;
    info.lastUpstreamRxByteNanos = status == 0 ? 0 : request.lastUpstreamRxByteNanos;
    info.upstreamTransportFailureReason = request.upstreamTransportFailureReason;
    info.logType = StreamInfo.LogType.UPSTREAM_END;
    log.log(info);
    info.clear();
  }

  private void describe(StreamInfo request, long startNanos, long nanos) {
    info.connectionId = request.connectionId;
    info.downstreamLocalAddress = request.downstreamLocalAddress;
    info.downstreamDirectRemoteAddress = request.downstreamDirectRemoteAddress;
    info.downstreamRemoteAddress = request.downstreamRemoteAddress;
    info.requestedServerName = request.requestedServerName;
    info.filterChainName = request.filterChainName;
    info.downstreamTls = request.downstreamTls;
    info.requestHeaders = request.requestHeaders;
    info.protocol = request.upstreamProtocol;
    info.upstreamProtocol = request.upstreamProtocol;
    info.routeName = request.routeName;
    info.virtualHostName = request.virtualHostName;
    info.upstreamCluster = request.upstreamCluster;
    info.upstreamRemoteAddress = request.upstreamRemoteAddress;
    info.upstreamLocalAddress = request.upstreamLocalAddress;
    info.upstreamHostName = request.upstreamHostName;
    info.upstreamTls = request.upstreamTls;
    info.traceId = request.traceId;
    info.spanId = request.spanId;
    info.traced = request.traced;
    info.startNanos = startNanos;
    info.firstUpstreamTxByteNanos = request.firstUpstreamTxByteNanos;
    info.lastUpstreamTxByteNanos = request.lastUpstreamTxByteNanos;
    info.endNanos = nanos;
  }
}
