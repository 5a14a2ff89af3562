package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.telemetry.TlsInfo;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.StringJoiner;

/**
 * What becomes of {@code x-forwarded-client-cert}; see <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert">Envoy's
 * description</a>.
 *
 * @param details what is told beside {@code By} and {@code Hash}
 */
record ForwardedCertificate(Mode mode, Set<Detail> details) {
  static final HeaderName NAME = HeaderName.of("x-forwarded-client-cert");

  private static final byte[] EMPTY = {};

  /** The header is never believed and never made. */
  static final ForwardedCertificate SANITIZE = new ForwardedCertificate(Mode.SANITIZE, Set.of());

  ForwardedCertificate {
    details = Set.copyOf(details);
  }

  /** {@code forward_client_cert_details}. */
  enum Mode {
    SANITIZE,
    FORWARD_ONLY,
    APPEND_FORWARD,
    SANITIZE_SET,
    ALWAYS_FORWARD_ONLY
  }

  /** Parts of the client's certificate, in the order in which they are written. */
  enum Detail {
    CERT,
    CHAIN,
    SUBJECT,
    URI,
    DNS
  }

  void apply(HeaderBlock headers, DownstreamConnection connection) {
    if (mode == Mode.ALWAYS_FORWARD_ONLY) {
      return;
    }
    byte[] text = mode == Mode.SANITIZE ? EMPTY : textOf(connection);
    if (text.length == 0) {
      headers.remove(NAME);
      return;
    }
    switch (mode) {
      case APPEND_FORWARD -> {
        joinLines(headers);
        headers.append(NAME, text, 0, text.length);
      }
      case SANITIZE_SET -> headers.set(NAME, text);
      case SANITIZE, FORWARD_ONLY, ALWAYS_FORWARD_ONLY -> {}
    }
  }

  /** Made once for a connection. */
  private byte[] textOf(DownstreamConnection connection) {
    byte[] known = connection.clientCertificateText();
    if (known == null) {
      known = connection.facts().tls().map(this::text).orElse(EMPTY);
      connection.clientCertificateText(known);
    }
    return known;
  }

  /** Several lines become one: what is appended must be the last element. */
  private static void joinLines(HeaderBlock headers) {
    int first = headers.find(NAME);
    if (first < 0 || headers.findNext(NAME, first) < 0) {
      return;
    }
    StringBuilder joined = new StringBuilder(headers.value(first));
    for (int i = headers.findNext(NAME, first); i >= 0; i = headers.findNext(NAME, i)) {
      joined.append(',').append(headers.value(i));
    }
    headers.set(NAME, joined.toString().getBytes(StandardCharsets.ISO_8859_1));
  }

  /** The element of a connection; empty without a client certificate. */
  byte[] text(TlsInfo tls) {
    if (!tls.isPeerCertificatePresented()) {
      return EMPTY;
    }
    TlsInfo.Certificate peer = tls.peer();
    StringJoiner parts = new StringJoiner(";");
    tls.local().uriSans().forEach(uri -> parts.add("By=" + uri));
    parts.add("Hash=" + peer.fingerprint256());
    for (Detail detail : Detail.values()) {
      if (details.contains(detail)) {
        add(parts, detail, peer);
      }
    }
    return parts.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void add(StringJoiner parts, Detail detail, TlsInfo.Certificate peer) {
    switch (detail) {
      case SUBJECT -> parts.add("Subject=\"" + peer.subject() + "\"");
      case CERT -> parts.add("Cert=\"" + peer.urlEncodedPem() + "\"");
      case CHAIN -> parts.add("Chain=\"" + peer.urlEncodedPemChain() + "\"");
      case URI -> {
        // the key is there even without a name
        if (peer.uriSans().isEmpty()) {
          parts.add("URI=");
        }
        peer.uriSans().forEach(uri -> parts.add("URI=" + uri));
      }
      case DNS -> peer.dnsSans().forEach(dns -> parts.add("DNS=" + dns));
    }
  }
}
