package io.meltemi.proxy.http.filter.wasm;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.telemetry.TlsInfo;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What modules can ask by path ({@code proxy_get_property}): Envoy's attributes of requests, and of
 * the plugin and its node. Texts as they are, numbers and times in 8 bytes, truth in one.
 */
final class Properties {
  private static final HeaderName REFERER = HeaderName.of("referer");
  private static final HeaderName REQUEST_ID = HeaderName.of("x-request-id");

  private Properties() {}

  /** The value at a path whose parts are apart by zero bytes; null when there is none. */
  static byte @Nullable [] get(WasmVm vm, @Nullable WasmFilter filter, byte[] path) {
    String whole = new String(path, StandardCharsets.UTF_8);
    if (filter != null) {
      byte[] set = filter.property(whole);
      if (set != null) {
        return set;
      }
    }
    List<String> parts = List.of(whole.split("\0"));
    if (parts.isEmpty()) {
      return null;
    }
    String first = parts.getFirst();
    String second = parts.size() > 1 ? parts.get(1) : "";
    PluginSettings.Names names = vm.plugin().settings().names();
    Node node = vm.plugin().tools().node();
    byte[] found =
        switch (first) {
          case "plugin_name" -> text(names.plugin());
          case "plugin_root_id" -> text(names.rootId());
          case "plugin_vm_id" -> text(names.vmId());
          case "node" -> node(node, parts);
          case "xds" -> second.equals("node") ? node(node, parts.subList(1, parts.size())) : null;
          default -> null;
        };
    return found != null || filter == null ? found : ofStream(filter, first, second, parts);
  }

  private static byte @Nullable [] ofStream(
      WasmFilter filter, String first, String second, List<String> parts) {
    StreamInfo info = filter.context().streamInfo();
    DownstreamConnection connection = filter.context().connection();
    return switch (first) {
      case "request" -> request(filter, info, second, parts);
      case "response" -> response(filter, info, second, parts);
      case "connection" -> connection(connection, second);
      case "source" -> address(info.downstreamRemoteAddress, second);
      case "destination" -> address(info.downstreamLocalAddress, second);
      case "upstream" -> upstream(info, second);
      case "cluster_name" -> cluster(filter, info);
      case "route_name" -> present(routeName(filter, info));
      case "connection_id" -> number(connection.facts().id());
      case "xds" ->
          switch (second) {
            case "cluster_name" -> cluster(filter, info);
            case "route_name" -> present(routeName(filter, info));
            case "virtual_host_name" -> present(info.virtualHostName);
            case "filter_chain_name" -> present(connection.settings().filterChainName());
            default -> null;
          };
      case "metadata" -> metadata(info, parts);
      default -> null;
    };
  }

  private static String routeName(WasmFilter filter, StreamInfo info) {
    filter.context().route();
    return info.routeName;
  }

  private static byte @Nullable [] cluster(WasmFilter filter, StreamInfo info) {
    if (!info.upstreamCluster.isEmpty()) {
      return text(info.upstreamCluster);
    }
    var choice = filter.context().routeChoice();
    String cluster = choice == null ? null : choice.cluster();
    return cluster == null ? null : text(cluster);
  }

  private static byte @Nullable [] metadata(StreamInfo info, List<String> parts) {
    if (parts.size() < 4 || !parts.get(1).equals("filter_metadata")) {
      return null;
    }
    Object value = info.dynamicMetadata.get(parts.get(2), parts.subList(3, parts.size()));
    return switch (value) {
      case String text -> text(text);
      case Boolean truth -> bool(truth);
      case Double number -> number(Double.doubleToLongBits(number));
      case null, default -> null;
    };
  }

  private static byte @Nullable [] request(
      WasmFilter filter, StreamInfo info, String name, List<String> parts) {
    HeaderBlock headers = filter.context().requestHeaders();
    return switch (name) {
      case "path" -> header(headers, HeaderName.PATH);
      case "url_path" -> {
        String path = headers.get(HeaderName.PATH);
        yield path == null ? null : text(path.split("[?#]", 2)[0]);
      }
      case "query" -> {
        String path = headers.get(HeaderName.PATH);
        int mark = path == null ? -1 : path.indexOf('?');
        yield path == null ? null : text(mark < 0 ? "" : path.substring(mark + 1).split("#", 2)[0]);
      }
      case "host" -> header(headers, HeaderName.AUTHORITY);
      case "scheme" -> header(headers, HeaderName.SCHEME);
      case "method" -> header(headers, HeaderName.METHOD);
      case "referer" -> header(headers, REFERER);
      case "useragent" -> header(headers, HeaderName.USER_AGENT);
      case "id" -> header(headers, REQUEST_ID);
      case "protocol" -> present(info.protocol);
      case "time" -> number(filter.startTimeNanos(info.startNanos));
      case "duration" -> info.endNanos == 0 ? null : number(info.endNanos - info.startNanos);
      case "size" -> number(info.bytesReceived);
      case "total_size" -> number(info.bytesReceived + info.headerBytesReceived);
      case "headers" -> named(headers, parts);
      default -> null;
    };
  }

  private static byte @Nullable [] response(
      WasmFilter filter, StreamInfo info, String name, List<String> parts) {
    HeaderBlock headers = filter.context().responseHeaders();
    HeaderBlock trailers = filter.headers(3);
    return switch (name) {
      case "code" -> {
        String status = headers.get(HeaderName.STATUS);
        yield info.responseCode > 0
            ? number(info.responseCode)
            : status == null ? null : number(Long.parseLong(status));
      }
      case "code_details" -> present(info.responseCodeDetails);
      case "flags" -> number(info.responseFlags);
      case "grpc_status" -> {
        int status = trailers == null ? GrpcHeaders.NO_STATUS : GrpcHeaders.status(trailers);
        int known = status == GrpcHeaders.NO_STATUS ? GrpcHeaders.status(headers) : status;
        yield known == GrpcHeaders.NO_STATUS ? null : number(known);
      }
      case "headers" -> named(headers, parts);
      case "trailers" -> trailers == null ? null : named(trailers, parts);
      case "size" -> number(info.bytesSent);
      case "total_size" -> number(info.bytesSent + info.headerBytesSent);
      default -> null;
    };
  }

  private static byte @Nullable [] connection(DownstreamConnection connection, String name) {
    DownstreamConnection.Facts facts = connection.facts();
    TlsInfo tls = facts.tls().orElse(null);
    if (name.equals("id")) {
      return number(facts.id());
    } else if (name.equals("requested_server_name")) {
      return text(facts.serverName());
    } else if (name.equals("mtls")) {
      return bool(tls != null && tls.isPeerCertificatePresented());
    }
    return tls == null ? null : tls(tls, name);
  }

  private static byte @Nullable [] tls(TlsInfo tls, String name) {
    return switch (name) {
      case "tls_version" -> text(tls.version());
      case "subject_local_certificate" -> text(tls.local().subject());
      case "subject_peer_certificate" -> text(tls.peer().subject());
      case "dns_san_local_certificate" -> first(tls.local().dnsSans());
      case "dns_san_peer_certificate" -> first(tls.peer().dnsSans());
      case "uri_san_local_certificate" -> first(tls.local().uriSans());
      case "uri_san_peer_certificate" -> first(tls.peer().uriSans());
      case "sha256_peer_certificate_digest" -> text(tls.peer().fingerprint256());
      default -> null;
    };
  }

  private static byte @Nullable [] upstream(StreamInfo info, String name) {
    TlsInfo tls = info.upstreamTls;
    return switch (name) {
      case "address", "port" -> address(info.upstreamRemoteAddress, name);
      case "local_address" -> address(info.upstreamLocalAddress, "address");
      case "transport_failure_reason" -> present(info.upstreamTransportFailureReason);
      default -> tls == null ? null : tls(tls, name);
    };
  }

  private static byte @Nullable [] first(List<String> names) {
    return names.isEmpty() ? null : text(names.getFirst());
  }

  private static byte @Nullable [] address(@Nullable SocketAddress address, String name) {
    if (!(address instanceof InetSocketAddress inet)) {
      return null;
    }
    return switch (name) {
      case "address" -> {
        String host = inet.getAddress().getHostAddress();
        yield text((host.contains(":") ? "[" + host + "]" : host) + ":" + inet.getPort());
      }
      case "port" -> number(inet.getPort());
      default -> null;
    };
  }

  private static byte @Nullable [] named(HeaderBlock headers, List<String> parts) {
    if (parts.size() < 3) {
      return HeaderMaps.write(headers);
    }
    byte[] name = HeaderMaps.name(text(parts.get(2)));
    return name == null ? null : HeaderMaps.get(headers, name);
  }

  private static byte @Nullable [] header(HeaderBlock headers, HeaderName name) {
    String value = headers.get(name);
    return value == null ? null : value.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte @Nullable [] node(Node node, List<String> parts) {
    if (parts.size() == 1) {
      return node.toByteArray();
    }
    return switch (parts.get(1)) {
      case "id" -> text(node.getId());
      case "cluster" -> text(node.getCluster());
      case "locality" ->
          switch (parts.size() > 2 ? parts.get(2) : "") {
            case "region" -> text(node.getLocality().getRegion());
            case "zone" -> text(node.getLocality().getZone());
            case "sub_zone" -> text(node.getLocality().getSubZone());
            default -> node.getLocality().toByteArray();
          };
      case "metadata" -> nodeMetadata(node.getMetadata(), parts.subList(2, parts.size()));
      default -> null;
    };
  }

  private static byte @Nullable [] nodeMetadata(Struct metadata, List<String> path) {
    Value value = Value.newBuilder().setStructValue(metadata).build();
    for (String name : path) {
      Value next = value.getStructValue().getFieldsMap().get(name);
      if (next == null) {
        return null;
      }
      value = next;
    }
    return switch (value.getKindCase()) {
      case STRING_VALUE -> text(value.getStringValue());
      case BOOL_VALUE -> bool(value.getBoolValue());
      case NUMBER_VALUE -> number(Double.doubleToLongBits(value.getNumberValue()));
      case STRUCT_VALUE -> value.getStructValue().toByteArray();
      case LIST_VALUE -> value.getListValue().toByteArray();
      case NULL_VALUE, KIND_NOT_SET -> null;
    };
  }

  private static byte @Nullable [] present(String text) {
    return text.isEmpty() ? null : text(text);
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] bool(boolean truth) {
    return new byte[] {(byte) (truth ? 1 : 0)};
  }

  private static byte[] number(long number) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
  }
}
