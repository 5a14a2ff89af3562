package io.meltemi.proxy.http.filter.extauthz;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.service.auth.v3.AttributeContext;
import io.envoyproxy.envoy.service.auth.v3.CheckRequest;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.route.Route;
import io.meltemi.proxy.telemetry.DynamicMetadata;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.telemetry.TlsInfo;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a service is told of a request. */
final class CheckRequests {
  private static final HeaderName PARTIAL = HeaderName.of("x-envoy-auth-partial-body");
  private static final HeaderName CALLER = HeaderName.of("x-envoy-downstream-service-cluster");

  private CheckRequests() {}

  /**
   * A body that is told.
   *
   * @param whole whether it is all there is
   */
  record Body(ByteString bytes, boolean whole, boolean asBytes) {}

  static CheckRequest of(
      HttpFilterContext context,
      ExtAuthzConfig.Told told,
      Map<String, String> extensions,
      Optional<Body> body) {
    CheckRequest.Builder request = CheckRequest.newBuilder();
    AttributeContext.Builder attributes = request.getAttributesBuilder();
    StreamInfo info = context.streamInfo();
    HeaderBlock headers = context.requestHeaders();
    peers(attributes, info, told.peerCertificate());
    String caller = headers.get(CALLER);
    if (caller != null) {
      attributes.getSourceBuilder().setService(caller);
    }
    attributes.getRequestBuilder().setTime(began(context));
    http(attributes.getRequestBuilder().getHttpBuilder(), context, told, body);
    attributes.putAllContextExtensions(extensions);
    attributes.setMetadataContext(metadata(told.namespaces(), context));
    attributes.setRouteMetadataContext(routeMetadata(told.routeNamespaces(), context.route()));
    if (told.tlsSession() && info.downstreamTls != null) {
      attributes.getTlsSessionBuilder().setSni(info.requestedServerName);
    }
    return request.build();
  }

  private static void peers(
      AttributeContext.Builder attributes, StreamInfo info, boolean withCertificate) {
    AttributeContext.Peer.Builder source = attributes.getSourceBuilder();
    AttributeContext.Peer.Builder destination = attributes.getDestinationBuilder();
    address(source.getAddressBuilder(), info.downstreamRemoteAddress);
    address(destination.getAddressBuilder(), info.downstreamLocalAddress);
    TlsInfo tls = info.downstreamTls;
    if (tls != null) {
      source.setPrincipal(principal(tls.peer()));
      destination.setPrincipal(principal(tls.local()));
      if (withCertificate) {
        source.setCertificate(tls.peer().urlEncodedPem());
      }
    }
  }

  /** The first name of the certificate: a URI, else a DNS name, else the subject. */
  private static String principal(TlsInfo.Certificate certificate) {
    if (!certificate.uriSans().isEmpty()) {
      return certificate.uriSans().getFirst();
    }
    return certificate.dnsSans().isEmpty()
        ? certificate.subject()
        : certificate.dnsSans().getFirst();
  }

  private static void address(Address.Builder proto, @Nullable SocketAddress address) {
    if (address instanceof InetSocketAddress inet) {
      String host =
          inet.getAddress() == null ? inet.getHostString() : inet.getAddress().getHostAddress();
      proto.getSocketAddressBuilder().setAddress(host).setPortValue(inet.getPort());
    }
  }

  private static Timestamp began(HttpFilterContext context) {
    long ago = context.loop().nanos() - context.streamInfo().startNanos;
    Instant began = context.loop().ticker().now().minusNanos(ago);
    return Timestamp.newBuilder()
        .setSeconds(began.getEpochSecond())
        .setNanos(began.getNano())
        .build();
  }

  private static void http(
      AttributeContext.HttpRequest.Builder http,
      HttpFilterContext context,
      ExtAuthzConfig.Told told,
      Optional<Body> body) {
    HeaderBlock headers = context.requestHeaders();
    http.setId(Long.toUnsignedString(context.streamRandom()))
        .setMethod(text(headers, HeaderName.METHOD))
        .setPath(text(headers, HeaderName.PATH))
        .setHost(text(headers, HeaderName.AUTHORITY))
        .setScheme(text(headers, HeaderName.SCHEME))
        .setSize(context.streamInfo().bytesReceived)
        .setProtocol(context.streamInfo().protocol);
    for (int i = 0; i < headers.size(); i++) {
      if (isTold(headers, i, told)) {
        String name = headers.name(i);
        String value = decode(headers.array(), headers.valueStart(i), headers.valueLength(i));
        String before = http.getHeadersMap().get(name);
        http.putHeaders(name, before == null ? value : before + "," + value);
      }
    }
    if (body.isPresent()) {
      byte[] bytes = body.get().bytes().toByteArray();
      if (body.get().asBytes()) {
        http.setRawBody(body.get().bytes());
      } else {
        http.setBody(decode(bytes, 0, bytes.length));
      }
      http.putHeaders(PARTIAL.toString(), body.get().whole() ? "false" : "true");
    }
  }

  private static boolean isTold(HeaderBlock headers, int index, ExtAuthzConfig.Told told) {
    if (headers.nameEquals(index, PARTIAL)) {
      return false;
    }
    byte[] array = headers.array();
    int start = headers.nameStart(index);
    int length = headers.nameLength(index);
    return !told.disallowed().matches(array, start, length)
        && (told.allowed().isEmpty() || told.allowed().get().matches(array, start, length));
  }

  private static String text(HeaderBlock headers, HeaderName name) {
    int index = headers.find(name);
    return index < 0
        ? ""
        : decode(headers.array(), headers.valueStart(index), headers.valueLength(index));
  }

  /** UTF-8, an exclamation mark for what is none. */
  private static String decode(byte[] bytes, int start, int length) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE)
          .replaceWith("!")
          .decode(ByteBuffer.wrap(bytes, start, length))
          .toString();
    } catch (CharacterCodingException e) {
      throw new IllegalStateException("everything bad is replaced", e);
    }
  }

  /** Fields of the connection's namespaces, those of the stream in their place. */
  private static Metadata metadata(List<String> namespaces, HttpFilterContext context) {
    Metadata.Builder proto = Metadata.newBuilder();
    if (!namespaces.isEmpty()) {
      add(proto, namespaces, context.connection().dynamicMetadata());
      add(proto, namespaces, context.streamInfo().dynamicMetadata);
    }
    return proto.build();
  }

  private static void add(
      Metadata.Builder proto, List<String> namespaces, DynamicMetadata metadata) {
    for (String namespace : namespaces) {
      Map<String, Object> fields = metadata.all(namespace);
      if (!fields.isEmpty()) {
        proto.putFilterMetadata(namespace, io.meltemi.proxy.parse.Metadata.struct(fields));
      }
    }
  }

  private static Metadata routeMetadata(List<String> namespaces, @Nullable Route route) {
    Metadata.Builder proto = Metadata.newBuilder();
    if (route != null) {
      for (String namespace : namespaces) {
        Map<String, Object> fields = route.labels().metadata().filters().get(namespace);
        if (fields != null) {
          proto.putFilterMetadata(namespace, io.meltemi.proxy.parse.Metadata.struct(fields));
        }
      }
    }
    return proto.build();
  }
}
