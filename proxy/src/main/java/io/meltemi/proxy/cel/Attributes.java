package io.meltemi.proxy.cel;

import com.google.common.primitives.UnsignedLong;
import dev.cel.common.values.CelByteString;
import dev.cel.common.values.NullValue;
import dev.cel.runtime.CelVariableResolver;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.telemetry.TlsInfo;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one stream while an expression is evaluated, by Envoy's names; what is not there
 * has no value. Event loop of the stream only.
 */
final class Attributes implements CelVariableResolver {
  /** The attributes that an expression may begin with. */
  static final Set<String> ROOTS =
      Set.of(
          "request",
          "response",
          "connection",
          "source",
          "destination",
          "upstream",
          "xds",
          "metadata",
          "filter_state");

  /** Those of Envoy that this proxy does not have. */
  static final Set<String> MISSING =
      Set.of(
          "connection.transport_failure_reason",
          "upstream.cidr",
          "xds.node",
          "xds.cluster_metadata",
          "xds.route_metadata",
          "xds.upstream_host_metadata",
          "xds.upstream_host_locality_metadata",
          "xds.listener_metadata",
          "xds.listener_direction",
          "xds.virtual_host_metadata",
          "metadata.typed_filter_metadata");

  private static final HeaderName REFERER = HeaderName.of("referer");
  private static final HeaderName ID = HeaderName.of("x-request-id");

  private final StreamInfo info;
  private final Ticker ticker;

  Attributes(StreamInfo info, Ticker ticker) {
    this.info = info;
    this.ticker = ticker;
  }

  @Override
  public Optional<Object> find(String name) {
    return switch (name) {
      case "request" -> map(this::request);
      case "response" -> map(this::response);
      case "connection" -> map(this::connection);
      case "source" -> map(field -> address(info.downstreamRemoteAddress, field));
      case "destination" -> map(field -> address(info.downstreamLocalAddress, field));
      case "upstream" -> map(this::upstream);
      case "xds" -> map(this::xds);
      case "metadata" ->
          map(field -> field.equals("filter_metadata") ? new LazyMap(new Namespaces(info)) : null);
      case "filter_state" -> map(this::filterState);
      default -> Optional.empty();
    };
  }

  private static Optional<Object> map(LazyMap.Fields fields) {
    return Optional.of(new LazyMap(fields));
  }

  private static @Nullable Object orNull(String value) {
    return value.isEmpty() ? null : value;
  }

  private @Nullable Object request(String name) {
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
      case "headers" -> headers == null ? null : new LazyMap(new Headers(headers));
      case "protocol" -> orNull(info.protocol);
      case "time" -> ticker.now().minusNanos(ticker.nanos() - info.startNanos);
      case "duration" -> between(info.startNanos, info.endNanos);
      case "size" -> info.bytesReceived;
      case "total_size" -> info.bytesReceived + info.headerBytesReceived;
      default -> null;
    };
  }

  private static @Nullable Object header(@Nullable HeaderBlock headers, HeaderName name) {
    return headers == null ? null : headers.get(name);
  }

  private static @Nullable Object between(long startNanos, long endNanos) {
    return endNanos == 0 ? null : Duration.ofNanos(endNanos - startNanos);
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

  private @Nullable Object response(String name) {
    HeaderBlock headers = info.responseHeaders;
    HeaderBlock trailers = info.responseTrailers;
    return switch (name) {
      case "code" -> info.responseCode == 0 ? null : (Object) (long) info.responseCode;
      case "code_details" -> orNull(info.responseCodeDetails);
      case "flags" -> info.responseFlags;
      case "grpc_status" -> info.grpcStatus() < 0 ? null : (Object) (long) info.grpcStatus();
      case "headers" -> headers == null ? null : new LazyMap(new Headers(headers));
      case "trailers" -> trailers == null ? Map.of() : new LazyMap(new Headers(trailers));
      case "size" -> info.bytesSent;
      case "total_size" -> info.bytesSent + info.headerBytesSent;
      case "backend_latency" ->
          info.firstUpstreamTxByteNanos == 0
              ? null
              : between(info.firstUpstreamTxByteNanos, info.lastUpstreamRxByteNanos);
      default -> null;
    };
  }

  private @Nullable Object connection(String name) {
    TlsInfo tls = info.downstreamTls;
    return switch (name) {
      case "id" -> UnsignedLong.fromLongBits(info.connectionId);
      case "mtls" -> tls != null && tls.isPeerCertificatePresented();
      case "requested_server_name" -> info.requestedServerName;
      case "termination_details" -> orNull(info.connectionTerminationDetails);
      default -> tls(name, tls);
    };
  }

  private static @Nullable Object tls(String name, @Nullable TlsInfo tls) {
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

  private static @Nullable Object address(@Nullable SocketAddress address, String name) {
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

  private @Nullable Object upstream(String name) {
    return switch (name) {
      case "address", "port" -> address(info.upstreamRemoteAddress, name);
      case "local_address" -> address(info.upstreamLocalAddress, "address");
      case "transport_failure_reason" ->
          info.attemptCount == 0 ? null : info.upstreamTransportFailureReason;
      case "request_attempt_count" -> UnsignedLong.fromLongBits(info.attemptCount);
      default -> tls(name, info.upstreamTls);
    };
  }

  private @Nullable Object xds(String name) {
    return switch (name) {
      case "cluster_name" -> orNull(info.upstreamCluster);
      case "route_name" -> info.routeName;
      case "virtual_host_name" -> orNull(info.virtualHostName);
      case "filter_chain_name" -> info.filterChainName;
      default -> null;
    };
  }

  private static Object ofJson(Object value) {
    return switch (value) {
      case Map<?, ?> map -> {
        Map<Object, Object> copy = new LinkedHashMap<>();
        map.forEach((key, one) -> copy.put(key, ofJson(one)));
        yield copy;
      }
      case List<?> list -> list.stream().map(Attributes::ofJson).toList();
      case Optional<?> _ -> NullValue.NULL_VALUE;
      default -> value;
    };
  }

  /** Of dynamic metadata. */
  private record Namespaces(StreamInfo info) implements LazyMap.Fields {
    @Override
    public @Nullable Object get(String name) {
      Map<String, Object> all = info.dynamicMetadata.all(name);
      return all.isEmpty() ? null : ofJson(all);
    }

    @Override
    public int size() {
      return info.dynamicMetadata.namespaces().size();
    }
  }

  private @Nullable Object filterState(String key) {
    byte[] text = info.filterState.get(key);
    return text == null ? null : CelByteString.of(text);
  }

  /** Fields by their names in any case; those that stand several times joined by commas. */
  private record Headers(HeaderBlock block) implements LazyMap.Fields {
    @Override
    public @Nullable Object get(String name) {
      if (!name.startsWith(":") && !HeaderName.isValid(name)) {
        return null;
      }
      HeaderName wanted =
          name.equalsIgnoreCase("host") ? HeaderName.AUTHORITY : HeaderName.of(name);
      int index = block.find(wanted);
      if (index < 0) {
        return null;
      }
      String value = block.value(index);
      int next = block.findNext(wanted, index);
      if (next < 0) {
        return value;
      }
      StringBuilder joined = new StringBuilder(value);
      for (; next >= 0; next = block.findNext(wanted, next)) {
        joined.append(',').append(block.value(next));
      }
      return joined.toString();
    }

    @Override
    public int size() {
      return block.size();
    }
  }
}
