package io.meltemi.proxy.accesslog.cel;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.telemetry.DynamicMetadata;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.telemetry.TlsInfo;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is known of a stream, by name; what is not there has no value. Any event loop. */
sealed interface Attributes {
  /** Null when there is none. */
  @Nullable Object get(String name, StreamInfo info);

  /** The attributes that an expression may begin with; null for an unknown one. */
  static @Nullable Attributes root(String name, Ticker ticker) {
    return switch (name) {
      case "request" -> new Request(ticker);
      case "response" -> new Response();
      case "connection" -> new Connection();
      case "source" -> new Address(false);
      case "destination" -> new Address(true);
      case "upstream" -> new Upstream();
      case "xds" -> new Xds();
      case "metadata" -> new Metadata();
      case "filter_state", "upstream_filter_state" -> new Nothing();
      default -> null;
    };
  }

  private static @Nullable Object orNull(String value) {
    return value.isEmpty() ? null : value;
  }

  private static @Nullable Object header(@Nullable HeaderBlock headers, HeaderName name) {
    return headers == null ? null : headers.get(name);
  }

  record Request(Ticker ticker) implements Attributes {
    private static final HeaderName REFERER = HeaderName.of("referer");
    private static final HeaderName ID = HeaderName.of("x-request-id");

    @Override
    public @Nullable Object get(String name, StreamInfo info) {
      HeaderBlock headers = info.requestHeaders;
      return switch (name) {
        case "path" -> header(headers, HeaderName.PATH);
        case "url_path" -> path(headers, true);
        case "query" -> path(headers, false);
        case "host" -> header(headers, HeaderName.AUTHORITY);
        case "scheme" -> header(headers, HeaderName.SCHEME);
        case "method" -> header(headers, HeaderName.METHOD);
        case "referer" -> header(headers, REFERER);
        case "useragent" -> header(headers, HeaderName.USER_AGENT);
        case "id" -> header(headers, ID);
        case "headers" -> headers == null ? null : new Headers(headers);
        case "protocol" -> orNull(info.protocol);
        case "time" -> ticker.now().minusNanos(ticker.nanos() - info.startNanos);
        case "duration" ->
            info.endNanos == 0 ? null : Duration.ofNanos(info.endNanos - info.startNanos);
        case "size" -> info.bytesReceived;
        case "total_size" -> info.bytesReceived + info.headerBytesReceived;
        default -> null;
      };
    }

    private static @Nullable Object path(@Nullable HeaderBlock headers, boolean before) {
      String whole = headers == null ? null : headers.get(HeaderName.PATH);
      if (whole == null) {
        return null;
      }
      int mark = whole.indexOf('?');
      if (before) {
        return mark < 0 ? whole : whole.substring(0, mark);
      }
      return mark < 0 ? "" : whole.substring(mark + 1);
    }
  }

  record Response() implements Attributes {
    @Override
    public @Nullable Object get(String name, StreamInfo info) {
      HeaderBlock headers = info.responseHeaders;
      HeaderBlock trailers = info.responseTrailers;
      return switch (name) {
        case "code" -> info.responseCode == 0 ? null : (Object) (long) info.responseCode;
        case "code_details" -> orNull(info.responseCodeDetails);
        case "flags" -> info.responseFlags;
        case "grpc_status" -> grpcStatus(headers, trailers);
        case "headers" -> headers == null ? null : new Headers(headers);
        case "trailers" -> trailers == null ? Map.of() : new Headers(trailers);
        case "size" -> info.bytesSent;
        case "total_size" -> info.bytesSent + info.headerBytesSent;
        default -> null;
      };
    }

    private static @Nullable Object grpcStatus(
        @Nullable HeaderBlock headers, @Nullable HeaderBlock trailers) {
      int status = trailers == null ? GrpcHeaders.NO_STATUS : GrpcHeaders.status(trailers);
      if (status == GrpcHeaders.NO_STATUS && headers != null) {
        status = GrpcHeaders.status(headers);
      }
      return status == GrpcHeaders.NO_STATUS ? null : (Object) (long) status;
    }
  }

  record Connection() implements Attributes {
    @Override
    public @Nullable Object get(String name, StreamInfo info) {
      return switch (name) {
        case "id" -> info.connectionId;
        case "mtls" ->
            info.downstreamTls != null && info.downstreamTls.isPeerCertificatePresented();
        case "requested_server_name" -> orNull(info.requestedServerName);
        case "termination_details" -> orNull(info.connectionTerminationDetails);
        default -> tls(name, info.downstreamTls);
      };
    }

    static @Nullable Object tls(String name, @Nullable TlsInfo tls) {
      if (tls == null) {
        return null;
      }
      return switch (name) {
        case "tls_version" -> orNull(tls.version());
        case "subject_local_certificate" -> orNull(tls.local().subject());
        case "subject_peer_certificate" -> orNull(tls.peer().subject());
        case "dns_san_local_certificate" -> first(tls.local().dnsSans());
        case "dns_san_peer_certificate" -> first(tls.peer().dnsSans());
        case "uri_san_local_certificate" -> first(tls.local().uriSans());
        case "uri_san_peer_certificate" -> first(tls.peer().uriSans());
        case "sha256_peer_certificate_digest" -> orNull(tls.peer().fingerprint256());
        default -> null;
      };
    }

    private static @Nullable Object first(List<String> names) {
      return names.isEmpty() ? null : names.getFirst();
    }
  }

  /** Of the client, or the one it came to. */
  record Address(boolean local) implements Attributes {
    @Override
    public @Nullable Object get(String name, StreamInfo info) {
      return of(local ? info.downstreamLocalAddress : info.downstreamRemoteAddress, name);
    }

    static @Nullable Object of(@Nullable SocketAddress address, String name) {
      if (!(address instanceof InetSocketAddress inet) || inet.getAddress() == null) {
        return null;
      }
      String host = inet.getAddress().getHostAddress();
      return switch (name) {
        case "address" ->
            (inet.getAddress().getAddress().length == 4 ? host : "[" + host + "]")
                + ":"
                + inet.getPort();
        case "port" -> (long) inet.getPort();
        default -> null;
      };
    }
  }

  record Upstream() implements Attributes {
    @Override
    public @Nullable Object get(String name, StreamInfo info) {
      return switch (name) {
        case "address", "port" -> Address.of(info.upstreamRemoteAddress, name);
        case "local_address" -> Address.of(info.upstreamLocalAddress, "address");
        case "transport_failure_reason" -> orNull(info.upstreamTransportFailureReason);
        case "request_attempt_count" -> (long) info.attemptCount;
        default -> Connection.tls(name, info.upstreamTls);
      };
    }
  }

  record Xds() implements Attributes {
    @Override
    public @Nullable Object get(String name, StreamInfo info) {
      return switch (name) {
        case "cluster_name" -> orNull(info.upstreamCluster);
        case "route_name" -> orNull(info.routeName);
        case "virtual_host_name" -> orNull(info.virtualHostName);
        case "filter_chain_name" -> orNull(info.filterChainName);
        default -> null;
      };
    }
  }

  /** {@code metadata.filter_metadata}. */
  record Metadata() implements Attributes {
    @Override
    public @Nullable Object get(String name, StreamInfo info) {
      return name.equals("filter_metadata") ? new Namespaces(info.dynamicMetadata) : null;
    }
  }

  record Namespaces(DynamicMetadata metadata) implements Attributes {
    @Override
    public @Nullable Object get(String name, StreamInfo info) {
      Map<String, Object> all = metadata.all(name);
      return all.isEmpty() ? null : all;
    }
  }

  /** Fields by their names in lower case. */
  record Headers(HeaderBlock block) implements Attributes {
    @Override
    public @Nullable Object get(String name, StreamInfo info) {
      for (int i = 0; i < block.size(); i++) {
        if (block.name(i).equals(name)) {
          return block.value(i);
        }
      }
      return null;
    }
  }

  /** What this proxy does not have. */
  record Nothing() implements Attributes {
    @Override
    public @Nullable Object get(String name, StreamInfo info) {
      return null;
    }
  }
}
