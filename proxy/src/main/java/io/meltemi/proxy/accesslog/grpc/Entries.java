package io.meltemi.proxy.accesslog.grpc;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.Pipe;
import io.envoyproxy.envoy.config.core.v3.RequestMethod;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.data.accesslog.v3.AccessLogCommon;
import io.envoyproxy.envoy.data.accesslog.v3.ConnectionProperties;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPAccessLogEntry;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPRequestProperties;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPResponseProperties;
import io.envoyproxy.envoy.data.accesslog.v3.ResponseFlags;
import io.envoyproxy.envoy.data.accesslog.v3.ResponseFlags.Unauthorized;
import io.envoyproxy.envoy.data.accesslog.v3.TCPAccessLogEntry;
import io.envoyproxy.envoy.data.accesslog.v3.TLSProperties;
import io.envoyproxy.envoy.data.accesslog.v3.TLSProperties.CertificateProperties;
import io.envoyproxy.envoy.data.accesslog.v3.TLSProperties.TLSVersion;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.telemetry.TlsInfo;
import io.meltemi.proxy.tracing.CustomTag;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Streams as the access log service is told of them.
 *
 * @param requestHeaders told beside those that always are
 */
record Entries(
    Ticker ticker,
    List<HeaderName> requestHeaders,
    List<HeaderName> responseHeaders,
    List<HeaderName> responseTrailers,
    List<CustomTag> tags) {
  private static final HeaderName REFERER = HeaderName.of("referer");
  private static final HeaderName FORWARDED_FOR = HeaderName.of("x-forwarded-for");
  private static final HeaderName REQUEST_ID = HeaderName.of("x-request-id");
  private static final HeaderName ORIGINAL_PATH = HeaderName.of("x-envoy-original-path");

  TCPAccessLogEntry tcp(StreamInfo info) {
    return TCPAccessLogEntry.newBuilder()
        .setCommonProperties(common(info))
        .setConnectionProperties(
            ConnectionProperties.newBuilder()
                .setReceivedBytes(info.bytesReceived)
                .setSentBytes(info.bytesSent))
        .build();
  }

  HTTPAccessLogEntry http(StreamInfo info) {
    return HTTPAccessLogEntry.newBuilder()
        .setCommonProperties(common(info))
        .setProtocolVersion(
            switch (info.protocol) {
              case "HTTP/1.0" -> HTTPAccessLogEntry.HTTPVersion.HTTP10;
              case "HTTP/1.1" -> HTTPAccessLogEntry.HTTPVersion.HTTP11;
              case "HTTP/2" -> HTTPAccessLogEntry.HTTPVersion.HTTP2;
              default -> HTTPAccessLogEntry.HTTPVersion.PROTOCOL_UNSPECIFIED;
            })
        .setRequest(request(info))
        .setResponse(response(info))
        .build();
  }

  private static String text(@Nullable HeaderBlock headers, HeaderName name) {
    String value = headers == null ? null : headers.get(name);
    return value == null ? "" : value;
  }

  private static int size(@Nullable HeaderBlock headers) {
    int size = 0;
    for (int i = 0; headers != null && i < headers.size(); i++) {
      size += headers.nameLength(i) + headers.valueLength(i);
    }
    return size;
  }

  private HTTPRequestProperties request(StreamInfo info) {
    HeaderBlock headers = info.requestHeaders;
    HTTPRequestProperties.Builder request =
        HTTPRequestProperties.newBuilder()
            .setScheme(text(headers, HeaderName.SCHEME))
            .setAuthority(text(headers, HeaderName.AUTHORITY))
            .setPath(text(headers, HeaderName.PATH))
            .setUserAgent(text(headers, HeaderName.USER_AGENT))
            .setReferer(text(headers, REFERER))
            .setForwardedFor(text(headers, FORWARDED_FOR))
            .setRequestId(text(headers, REQUEST_ID))
            .setOriginalPath(text(headers, ORIGINAL_PATH))
            .setRequestHeadersBytes(size(headers))
            .setRequestBodyBytes(info.bytesReceived)
            .setDownstreamHeaderBytesReceived(info.headerBytesReceived);
    try {
      request.setRequestMethod(
          RequestMethod.valueOf(text(headers, HeaderName.METHOD).toUpperCase(Locale.ROOT)));
    } catch (IllegalArgumentException e) {
      // a method that the service knows nothing of
    }
    for (HeaderName name : requestHeaders) {
      if (headers != null && headers.contains(name)) {
        request.putRequestHeaders(name.toString(), text(headers, name));
      }
    }
    return request.build();
  }

  private HTTPResponseProperties response(StreamInfo info) {
    HeaderBlock headers = info.responseHeaders;
    HTTPResponseProperties.Builder response =
        HTTPResponseProperties.newBuilder()
            .setResponseHeadersBytes(size(headers))
            .setResponseBodyBytes(info.bytesSent)
            .setResponseCodeDetails(info.responseCodeDetails)
            .setDownstreamHeaderBytesSent(info.headerBytesSent);
    if (info.responseCode != 0) {
      response.setResponseCode(UInt32Value.of(info.responseCode));
    }
    for (HeaderName name : responseHeaders) {
      if (headers != null && headers.contains(name)) {
        response.putResponseHeaders(name.toString(), text(headers, name));
      }
    }
    HeaderBlock trailers = info.responseTrailers;
    for (HeaderName name : responseTrailers) {
      if (trailers != null && trailers.contains(name)) {
        response.putResponseTrailers(name.toString(), text(trailers, name));
      }
    }
    return response.build();
  }

  private AccessLogCommon common(StreamInfo info) {
    AccessLogCommon.Builder common = AccessLogCommon.newBuilder();
    address(info.downstreamRemoteAddress, common::setDownstreamRemoteAddress);
    address(info.downstreamLocalAddress, common::setDownstreamLocalAddress);
    address(info.downstreamDirectRemoteAddress, common::setDownstreamDirectRemoteAddress);
    address(info.upstreamRemoteAddress, common::setUpstreamRemoteAddress);
    address(info.upstreamLocalAddress, common::setUpstreamLocalAddress);
    Instant now = ticker.now();
    Instant start = now.minusNanos(ticker.nanos() - info.startNanos);
    common.setStartTime(
        Timestamp.newBuilder().setSeconds(start.getEpochSecond()).setNanos(start.getNano()));
    since(info, info.lastDownstreamRxByteNanos, common::setTimeToLastRxByte);
    since(info, info.firstUpstreamTxByteNanos, common::setTimeToFirstUpstreamTxByte);
    since(info, info.lastUpstreamTxByteNanos, common::setTimeToLastUpstreamTxByte);
    since(info, info.firstUpstreamRxByteNanos, common::setTimeToFirstUpstreamRxByte);
    since(info, info.lastUpstreamRxByteNanos, common::setTimeToLastUpstreamRxByte);
    since(info, info.firstDownstreamTxByteNanos, common::setTimeToFirstDownstreamTxByte);
    since(info, info.lastDownstreamTxByteNanos, common::setTimeToLastDownstreamTxByte);
    since(info, info.endNanos, common::setDuration);
    if ((info.responseFlags & ResponseFlag.NO_CLUSTER_FOUND.bit()) == 0) {
      common.setUpstreamCluster(info.upstreamCluster);
    }
    if (info.responseFlags != 0) {
      common.setResponseFlags(flags(info));
    }
    TlsInfo tls = info.downstreamTls;
    if (tls != null) {
      common.setTlsProperties(tls(tls, info.requestedServerName));
    }
    io.envoyproxy.envoy.config.core.v3.Metadata.Builder metadata =
        io.envoyproxy.envoy.config.core.v3.Metadata.newBuilder();
    for (String namespace : info.dynamicMetadata.namespaces()) {
      metadata.putFilterMetadata(namespace, Metadata.struct(info.dynamicMetadata.all(namespace)));
    }
    if (metadata.getFilterMetadataCount() > 0) {
      common.setMetadata(metadata);
    }
    for (CustomTag tag : tags) {
      String value = tag.value(info, Metadata.EMPTY);
      if (value != null) {
        common.putCustomTags(tag.tag(), value);
      }
    }
    return common
        .setUpstreamTransportFailureReason(info.upstreamTransportFailureReason)
        .setRouteName(info.routeName)
        .setUpstreamRequestAttemptCount(info.attemptCount)
        .setConnectionTerminationDetails(info.connectionTerminationDetails)
        .setStreamId(text(info.requestHeaders, REQUEST_ID))
        .setDownstreamWireBytesSent(info.wireBytesSent)
        .setDownstreamWireBytesReceived(info.wireBytesReceived)
        .setUpstreamWireBytesSent(info.upstreamWireBytesSent)
        .setUpstreamWireBytesReceived(info.upstreamWireBytesReceived)
        .setAccessLogTypeValue(info.logType())
        .build();
  }

  private static void since(
      StreamInfo info, long nanos, java.util.function.Consumer<Duration> field) {
    if (nanos != 0) {
      long passed = Math.max(0, nanos - info.startNanos);
      field.accept(
          Duration.newBuilder()
              .setSeconds(passed / 1_000_000_000L)
              .setNanos((int) (passed % 1_000_000_000L))
              .build());
    }
  }

  private static void address(
      java.net.@Nullable SocketAddress address, java.util.function.Consumer<Address> field) {
    if (address == null) {
      return;
    }
    if (address instanceof InetSocketAddress inet && inet.getAddress() != null) {
      field.accept(
          Address.newBuilder()
              .setSocketAddress(
                  SocketAddress.newBuilder()
                      .setAddress(inet.getAddress().getHostAddress())
                      .setPortValue(inet.getPort()))
              .build());
    } else {
      field.accept(
          Address.newBuilder().setPipe(Pipe.newBuilder().setPath(address.toString())).build());
    }
  }

  private static TLSProperties tls(TlsInfo tls, String serverName) {
    return TLSProperties.newBuilder()
        .setTlsVersion(
            switch (tls.version()) {
              case "TLSv1" -> TLSVersion.TLSv1;
              case "TLSv1.1" -> TLSVersion.TLSv1_1;
              case "TLSv1.2" -> TLSVersion.TLSv1_2;
              case "TLSv1.3" -> TLSVersion.TLSv1_3;
              default -> TLSVersion.VERSION_UNSPECIFIED;
            })
        .setTlsSniHostname(serverName)
        .setTlsSessionId(tls.sessionId())
        .setLocalCertificateProperties(certificate(tls.local()))
        .setPeerCertificateProperties(certificate(tls.peer()))
        .build();
  }

  private static CertificateProperties certificate(TlsInfo.Certificate told) {
    CertificateProperties.Builder properties =
        CertificateProperties.newBuilder().setSubject(told.subject()).setIssuer(told.issuer());
    for (String uri : told.uriSans()) {
      properties.addSubjectAltNameBuilder().setUri(uri);
    }
    for (String name : told.dnsSans()) {
      properties.addSubjectAltNameBuilder().setDns(name);
    }
    return properties.build();
  }

  private static ResponseFlags flags(StreamInfo info) {
    ResponseFlags.Builder flags = ResponseFlags.newBuilder();
    for (ResponseFlag flag : ResponseFlag.values()) {
      if (info.has(flag)) {
        set(flag, flags);
      }
    }
    return flags.build();
  }

  private static void set(ResponseFlag flag, ResponseFlags.Builder to) {
    switch (flag) {
      case FAILED_LOCAL_HEALTH_CHECK -> to.setFailedLocalHealthcheck(true);
      case NO_HEALTHY_UPSTREAM -> to.setNoHealthyUpstream(true);
      case UPSTREAM_REQUEST_TIMEOUT -> to.setUpstreamRequestTimeout(true);
      case LOCAL_RESET -> to.setLocalReset(true);
      case UPSTREAM_REMOTE_RESET -> to.setUpstreamRemoteReset(true);
      case UPSTREAM_CONNECTION_FAILURE -> to.setUpstreamConnectionFailure(true);
      case UPSTREAM_CONNECTION_TERMINATION -> to.setUpstreamConnectionTermination(true);
      case UPSTREAM_OVERFLOW -> to.setUpstreamOverflow(true);
      case NO_ROUTE_FOUND -> to.setNoRouteFound(true);
      case DELAY_INJECTED -> to.setDelayInjected(true);
      case FAULT_INJECTED -> to.setFaultInjected(true);
      case RATE_LIMITED -> to.setRateLimited(true);
      case UNAUTHORIZED_EXTERNAL_SERVICE ->
          to.setUnauthorizedDetails(
              Unauthorized.newBuilder().setReason(Unauthorized.Reason.EXTERNAL_SERVICE));
      case RATE_LIMIT_SERVICE_ERROR -> to.setRateLimitServiceError(true);
      case DOWNSTREAM_CONNECTION_TERMINATION -> to.setDownstreamConnectionTermination(true);
      case UPSTREAM_RETRY_LIMIT_EXCEEDED -> to.setUpstreamRetryLimitExceeded(true);
      case STREAM_IDLE_TIMEOUT -> to.setStreamIdleTimeout(true);
      case INVALID_ENVOY_REQUEST_HEADERS -> to.setInvalidEnvoyRequestHeaders(true);
      case DOWNSTREAM_PROTOCOL_ERROR -> to.setDownstreamProtocolError(true);
      case UPSTREAM_MAX_STREAM_DURATION_REACHED -> to.setUpstreamMaxStreamDurationReached(true);
      case RESPONSE_FROM_CACHE_FILTER -> to.setResponseFromCacheFilter(true);
      case NO_FILTER_CONFIG_FOUND -> to.setNoFilterConfigFound(true);
      case DURATION_TIMEOUT -> to.setDurationTimeout(true);
      case UPSTREAM_PROTOCOL_ERROR -> to.setUpstreamProtocolError(true);
      case NO_CLUSTER_FOUND -> to.setNoClusterFound(true);
      case OVERLOAD_MANAGER_TERMINATED -> to.setOverloadManager(true);
      case DNS_RESOLUTION_FAILED -> to.setDnsResolutionFailure(true);
      case DROP_OVERLOAD -> {
        // the message has no place for it
      }
      case DOWNSTREAM_REMOTE_RESET -> to.setDownstreamRemoteReset(true);
    }
  }
}
