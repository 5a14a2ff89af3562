package io.meltemi.proxy.telemetry;

import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import java.net.SocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known about one stream (an HTTP request or a proxied TCP connection) for logs, stats and
 * header formats. One instance is kept per stream slot and cleared between uses; only the event
 * loop that owns the stream touches it, so the fields are plain. Times are {@code Ticker.nanos()},
 * 0 when the moment has not come.
 *
 * <p>Sizes follow Envoy: {@code bytesReceived} and {@code bytesSent} count bodies, the {@code wire}
 * fields count everything.
 */
public final class StreamInfo {
  // connection; survives clear() of the stream part
  public long connectionId;
  public @Nullable SocketAddress downstreamLocalAddress;
  public @Nullable SocketAddress downstreamDirectRemoteAddress;
  public String requestedServerName = "";
  public String filterChainName = "";

  /** Null on a plain connection. */
  public @Nullable TlsInfo downstreamTls;

  // stream
  public @Nullable SocketAddress downstreamRemoteAddress;

  /** What filters said; a proxied connection's is that of its connection. */
  public DynamicMetadata dynamicMetadata = new DynamicMetadata();

  /** What filters left for those behind them, on the stream itself. */
  public FilterState filterState = FilterState.NONE;

  /** The stream's own blocks, set by the HTTP room and never kept beyond the stream. */
  public @Nullable HeaderBlock requestHeaders;

  public @Nullable HeaderBlock responseHeaders;
  public @Nullable HeaderBlock responseTrailers;
  public String protocol = "";
  public String streamId = "";

  /** Of the trace that the stream belongs to; empty for none. */
  public String traceId = "";

  /** Of the stream's own span in that trace. */
  public String spanId = "";

  /** Whether it was decided to trace the request. */
  public boolean traced;

  /** Which record of a stream this is. */
  public LogType logType = LogType.DOWNSTREAM_END;

  public String routeName = "";
  public String virtualHostName = "";
  public String upstreamCluster = "";
  public @Nullable SocketAddress upstreamRemoteAddress;
  public @Nullable SocketAddress upstreamLocalAddress;
  public String upstreamHostName = "";

  /** Null on a plain connection. */
  public @Nullable TlsInfo upstreamTls;

  /** What to offer the upstream by ALPN instead of its cluster's; empty for the cluster's. */
  public List<String> upstreamOffers = List.of();

  public String upstreamTransportFailureReason = "";
  public String upstreamProtocol = "";
  public String responseCodeDetails = "";
  public String connectionTerminationDetails = "";
  public String configHash = "";
  public int responseCode;
  public int attemptCount;
  public int upstreamRequestsOnConnection;
  public boolean healthCheck;

  /** Whether the upstream is told as the scheme how it is spoken with. */
  public boolean schemeOfUpstream;

  /** Set of {@link ResponseFlag#bit}. */
  public long responseFlags;

  public long bytesReceived;
  public long bytesSent;
  public long headerBytesReceived;
  public long headerBytesSent;
  public long wireBytesReceived;
  public long wireBytesSent;
  public long upstreamWireBytesReceived;
  public long upstreamWireBytesSent;

  public long startNanos;
  public long lastDownstreamRxByteNanos;
  public long firstUpstreamTxByteNanos;
  public long lastUpstreamTxByteNanos;
  public long firstUpstreamRxByteNanos;
  public long lastUpstreamRxByteNanos;
  public long firstDownstreamTxByteNanos;
  public long lastDownstreamTxByteNanos;
  public long upstreamConnectStartNanos;
  public long upstreamConnectEndNanos;
  public long endNanos;

  /** The moments that records are written at. */
  public enum LogType {
    DOWNSTREAM_END,
    UPSTREAM_POOL_READY,
    UPSTREAM_END
  }

  /** The record's type, as a number of {@code AccessLogType}. */
  public int logType() {
    return switch (logType) {
      case DOWNSTREAM_END -> requestHeaders == null ? 3 : 6;
      case UPSTREAM_POOL_READY -> 7;
      case UPSTREAM_END -> 9;
    };
  }

  /**
   * How a gRPC call ended, by its trailers, its headers or else the HTTP status; negative when none
   * of them says.
   */
  public int grpcStatus() {
    int status = grpcStatus(responseTrailers);
    if (status == GrpcHeaders.NO_STATUS) {
      status = grpcStatus(responseHeaders);
    }
    if (status != GrpcHeaders.NO_STATUS) {
      return status;
    }
    return responseCode == 0 ? -1 : GrpcHeaders.ofHttpStatus(responseCode);
  }

  private static int grpcStatus(@Nullable HeaderBlock block) {
    return block == null ? GrpcHeaders.NO_STATUS : GrpcHeaders.status(block);
  }

  public void set(ResponseFlag flag) {
    responseFlags |= flag.bit();
  }

  public boolean has(ResponseFlag flag) {
    return (responseFlags & flag.bit()) != 0;
  }

  /** Ready for the next stream of the same connection: everything but the connection's fields. */
  public void clear() {
    downstreamRemoteAddress = downstreamDirectRemoteAddress;
    dynamicMetadata.clear();
    filterState = FilterState.NONE;
    requestHeaders = null;
    responseHeaders = null;
    responseTrailers = null;
    protocol = "";
    streamId = "";
    traceId = "";
    spanId = "";
    traced = false;
    logType = LogType.DOWNSTREAM_END;
    routeName = "";
    virtualHostName = "";
    upstreamCluster = "";
    upstreamRemoteAddress = null;
    upstreamLocalAddress = null;
    upstreamHostName = "";
    upstreamTls = null;
    upstreamOffers = List.of();
    upstreamTransportFailureReason = "";
    upstreamProtocol = "";
    responseCodeDetails = "";
    connectionTerminationDetails = "";
    configHash = "";
    responseCode = 0;
    attemptCount = 0;
    upstreamRequestsOnConnection = 0;
    healthCheck = false;
    schemeOfUpstream = false;
    responseFlags = 0;
    bytesReceived = 0;
    bytesSent = 0;
    headerBytesReceived = 0;
    headerBytesSent = 0;
    wireBytesReceived = 0;
    wireBytesSent = 0;
    upstreamWireBytesReceived = 0;
    upstreamWireBytesSent = 0;
    startNanos = 0;
    lastDownstreamRxByteNanos = 0;
    firstUpstreamTxByteNanos = 0;
    lastUpstreamTxByteNanos = 0;
    firstUpstreamRxByteNanos = 0;
    lastUpstreamRxByteNanos = 0;
    firstDownstreamTxByteNanos = 0;
    lastDownstreamTxByteNanos = 0;
    upstreamConnectStartNanos = 0;
    upstreamConnectEndNanos = 0;
    endNanos = 0;
  }
}
