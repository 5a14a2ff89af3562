package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.ClientAddress;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.StripPort;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.Underscores;
import io.meltemi.proxy.matcher.IpRange;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What happens to a request's headers before the filters see them; see <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers">Envoy's
 * HTTP header manipulation</a>. Immutable; any event loop.
 *
 * <p>Differs from Envoy: a peer on the loopback interface is written to {@code x-forwarded-for} by
 * its own address, not by the proxy's.
 */
final class RequestRules {
  static final HeaderName X_FORWARDED_FOR = HeaderName.of("x-forwarded-for");
  static final HeaderName X_FORWARDED_PROTO = HeaderName.of("x-forwarded-proto");
  static final HeaderName X_FORWARDED_PORT = HeaderName.of("x-forwarded-port");
  static final HeaderName X_REQUEST_ID = HeaderName.of("x-request-id");
  static final HeaderName X_ENVOY_FORCE_TRACE = HeaderName.of("x-envoy-force-trace");
  static final HeaderName X_ENVOY_INTERNAL = HeaderName.of("x-envoy-internal");
  static final HeaderName X_ENVOY_EXTERNAL_ADDRESS = HeaderName.of("x-envoy-external-address");
  static final byte[] HTTP = "http".getBytes(StandardCharsets.US_ASCII);
  static final byte[] HTTPS = "https".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] TRUE = "true".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] X_ENVOY = "x-envoy-".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final HeaderName[] INTERNAL_ONLY =
      names(
          "x-envoy-internal",
          "x-envoy-retriable-status-codes",
          "x-envoy-retriable-header-names",
          "x-envoy-retry-on",
          "x-envoy-retry-grpc-on",
          "x-envoy-max-retries",
          "x-envoy-upstream-alt-stat-name",
          "x-envoy-upstream-rq-timeout-ms",
          "x-envoy-upstream-rq-per-try-timeout-ms",
          "x-envoy-upstream-rq-timeout-alt-response",
          "x-envoy-expected-rq-timeout-ms",
          "x-envoy-force-trace",
          "x-envoy-ip-tags",
          "x-envoy-original-url",
          "x-envoy-hedge-on-per-try-timeout");
  private static final HeaderName[] EDGE_ONLY =
      names(
          "x-envoy-decorator-operation",
          "x-envoy-downstream-service-cluster",
          "x-envoy-downstream-service-node",
          "x-envoy-original-path");

  private final HttpConnectionManagerSettings settings;
  private final PathNormalizer paths;
  private final byte[] via;

  RequestRules(HttpConnectionManagerSettings settings) {
    this.settings = settings;
    this.paths = new PathNormalizer(settings.paths());
    this.via = settings.answers().via().getBytes(StandardCharsets.ISO_8859_1);
  }

  private static HeaderName[] names(String... texts) {
    HeaderName[] names = new HeaderName[texts.length];
    for (int i = 0; i < texts.length; i++) {
      names[i] = HeaderName.of(texts[i]);
    }
    return names;
  }

  /**
   * Applies the rules; may answer the request.
   *
   * @return whether the request is from inside
   */
  boolean apply(HttpStream stream, HttpConnection connection) {
    HeaderBlock headers = stream.request;
    if (settings.protocol().underscores() != Underscores.ALLOW && !underscores(headers)) {
      stream.sendLocalReply(LocalReply.of(400, "", null, "http1.unexpected_underscore"));
      return false;
    }
    authority(headers, connection);
    switch (paths.apply(headers)) {
      case OK -> {}
      case REJECTED -> {
        stream.sendLocalReply(LocalReply.of(400, "", null, "path_normalization_failed"));
        return false;
      }
      case REDIRECT -> {
        String path = headers.get(HeaderName.PATH);
        stream.sendLocalReply(
            new LocalReply(
                307,
                new byte[0],
                null,
                "path_normalization_failed",
                response -> response.add(HeaderName.LOCATION, path == null ? "/" : path)));
        return false;
      }
    }
    boolean internal = client(stream, headers, connection);
    requestId(stream, headers, settings.clientAddress().useRemoteAddress() && !internal);
    if (via.length > 0) {
      headers.append(HeaderName.VIA, via, 0, via.length);
    }
    settings.certificate().apply(headers, connection.downstream());
    return internal;
  }

  private boolean underscores(HeaderBlock headers) {
    for (int i = headers.size() - 1; i >= 0; i--) {
      byte[] array = headers.array();
      int start = headers.nameStart(i);
      for (int k = start; k < start + headers.nameLength(i); k++) {
        if (array[k] == '_') {
          if (settings.protocol().underscores() == Underscores.REJECT) {
            return false;
          }
          headers.removeAt(i);
          break;
        }
      }
    }
    return true;
  }

  private void authority(HeaderBlock headers, HttpConnection connection) {
    boolean stripDot = settings.paths().stripTrailingHostDot();
    StripPort stripPort = settings.paths().stripPort();
    if (!stripDot && stripPort == StripPort.NONE) {
      return;
    }
    int index = headers.find(HeaderName.AUTHORITY);
    if (index < 0) {
      return;
    }
    String text = headers.value(index);
    int colon = text.lastIndexOf(':');
    boolean port = colon > text.lastIndexOf(']');
    String host = port ? text.substring(0, colon) : text;
    String rest = port ? text.substring(colon) : "";
    if (stripDot && host.endsWith(".")) {
      host = host.substring(0, host.length() - 1);
    }
    if (stripPort == StripPort.ANY || rest.equals(":" + connection.localPort())) {
      rest = "";
    }
    byte[] value = (host + rest).getBytes(StandardCharsets.ISO_8859_1);
    headers.setValue(index, value, 0, value.length);
  }

  private boolean client(HttpStream stream, HeaderBlock headers, HttpConnection connection) {
    ClientAddress rules = settings.clientAddress();
    boolean internal;
    byte[] protocol = connection.isTls() ? HTTPS : HTTP;
    if (rules.useRemoteAddress()) {
      boolean noForwardedFor = !headers.contains(X_FORWARDED_FOR);
      byte @Nullable [] client =
          rules.trustedHops() > 0 ? forwardedFor(headers, rules.trustedHops() - 1) : null;
      byte[] direct = connection.remoteAddressBytes();
      internal = noForwardedFor && isInternal(client == null ? direct : client);
      if (!internal) {
        clean(headers, true);
      }
      if (client != null) {
        stream.info.downstreamRemoteAddress = address(client);
      }
      byte[] text = connection.remoteAddressText();
      if (!internal && text.length > 0) {
        byte[] external = client == null ? text : ascii(client);
        headers.set(X_ENVOY_EXTERNAL_ADDRESS, external);
      }
      if (!rules.skipAppend() && text.length > 0) {
        headers.append(X_FORWARDED_FOR, text, 0, text.length);
      }
      if (rules.trustedHops() == 0 || !headers.contains(X_FORWARDED_PROTO)) {
        headers.set(X_FORWARDED_PROTO, protocol);
      }
    } else {
      boolean single = isSingle(headers);
      byte @Nullable [] client = forwardedFor(headers, rules.trustedHops());
      internal = single && client != null && isInternal(client);
      if (!internal) {
        clean(headers, false);
      }
      if (client != null) {
        stream.info.downstreamRemoteAddress = address(client);
      }
      if (!headers.contains(X_FORWARDED_PROTO)) {
        headers.add(X_FORWARDED_PROTO, protocol);
      }
    }
    if (internal) {
      headers.set(X_ENVOY_INTERNAL, TRUE);
    }
    if (rules.appendPort() && !headers.contains(X_FORWARDED_PORT)) {
      headers.addNumber(X_FORWARDED_PORT, connection.localPort());
    }
    scheme(headers);
    String fixed = settings.scheme().fixed();
    if (!fixed.isEmpty()) {
      byte[] scheme = fixed.equals("https") ? HTTPS : HTTP;
      headers.set(HeaderName.SCHEME, scheme);
      headers.set(X_FORWARDED_PROTO, scheme);
    }
    return internal;
  }

  /** The scheme is what the client used, as far as a trusted proxy or this one knows. */
  private static void scheme(HeaderBlock headers) {
    int proto = headers.find(X_FORWARDED_PROTO);
    int scheme = headers.find(HeaderName.SCHEME);
    if (proto < 0 || scheme < 0) {
      return;
    }
    boolean https = headers.valueEquals(proto, HTTPS);
    if (https != headers.valueEquals(scheme, HTTPS)) {
      byte[] value = https ? HTTPS : HTTP;
      headers.setValue(scheme, value, 0, value.length);
    }
  }

  private static byte[] ascii(byte[] address) {
    return NetUtil.bytesToIpAddress(address).getBytes(StandardCharsets.US_ASCII);
  }

  private static InetSocketAddress address(byte[] bytes) {
    try {
      return new InetSocketAddress(InetAddress.getByAddress(bytes), 0);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean isInternal(byte[] address) {
    List<IpRange> ranges = settings.clientAddress().internalRanges();
    if (ranges.isEmpty() || address.length == 0) {
      return false;
    }
    InetAddress client = address(address).getAddress();
    for (int i = 0; i < ranges.size(); i++) {
      if (ranges.get(i).contains(client)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isSingle(HeaderBlock headers) {
    int index = headers.find(X_FORWARDED_FOR);
    if (index < 0 || headers.findNext(X_FORWARDED_FOR, index) >= 0) {
      return false;
    }
    byte[] array = headers.array();
    int start = headers.valueStart(index);
    for (int i = start; i < start + headers.valueLength(index); i++) {
      if (array[i] == ',') {
        return false;
      }
    }
    return true;
  }

  /** The address so many places from the right; null when there is none or it is not an address. */
  private static byte @Nullable [] forwardedFor(HeaderBlock headers, int fromRight) {
    int index = headers.find(X_FORWARDED_FOR);
    if (index < 0) {
      return null;
    }
    List<String> entries = new ArrayList<>();
    while (index >= 0) {
      entries.addAll(List.of(headers.value(index).split(",", -1)));
      index = headers.findNext(X_FORWARDED_FOR, index);
    }
    int at = entries.size() - 1 - fromRight;
    return at < 0 ? null : NetUtil.createByteArrayFromIpAddressString(entries.get(at).strip());
  }

  /** Removes what only trusted clients may say; a request without such headers costs one scan. */
  private static void clean(HeaderBlock headers, boolean edge) {
    byte[] array = headers.array();
    boolean any = false;
    for (int i = headers.size() - 1; i >= 0 && !any; i--) {
      int start = headers.nameStart(i);
      any =
          headers.nameLength(i) > X_ENVOY.length
              && array[start] == 'x'
              && array[start + 2] == 'e'
              && java.util.Arrays.equals(
                  array, start, start + X_ENVOY.length, X_ENVOY, 0, X_ENVOY.length);
    }
    if (!any) {
      return;
    }
    for (HeaderName name : INTERNAL_ONLY) {
      headers.remove(name);
    }
    if (edge) {
      for (HeaderName name : EDGE_ONLY) {
        headers.remove(name);
      }
    }
  }

  private void requestId(HttpStream stream, HeaderBlock headers, boolean edge) {
    HttpConnectionManagerSettings.RequestIds rules = settings.requestIds();
    if (!rules.generate()) {
      return;
    }
    boolean present = headers.contains(X_REQUEST_ID);
    if (present && (!edge || rules.preserveExternal())) {
      if (edge) {
        rules.rules().clear(headers);
      }
      return;
    }
    byte[] text = stream.uuidScratch();
    writeUuid(text, stream.random(), stream.nextRandom());
    headers.set(X_REQUEST_ID, text);
  }

  /** A version 4 UUID from random bits. */
  static void writeUuid(byte[] out, long high, long low) {
    long h = (high & ~0xf000L) | 0x4000L;
    long l = (low & 0x3fffffffffffffffL) | 0x8000000000000000L;
    int at = 0;
    for (int i = 60; i >= 0; i -= 4) {
      out[at++] = HEX[(int) (h >>> i) & 15];
      if (i == 32 || i == 16 || i == 0) {
        out[at++] = '-';
      }
    }
    for (int i = 60; i >= 0; i -= 4) {
      out[at++] = HEX[(int) (l >>> i) & 15];
      if (i == 48) {
        out[at++] = '-';
      }
    }
  }
}
