package io.meltemi.it.traffic;

import io.netty.handler.ssl.SslHandler;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** What a handshake agreed on, as texts: version, alpn, sni, and of the peer its name and CN. */
final class TlsFacts {
  private static final int SAN_DNS = 2;
  private static final int SAN_URI = 6;

  private TlsFacts() {}

  static Map<String, String> of(SSLSession session, @Nullable SslHandler handler) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("version", session.getProtocol());
    facts.put("cipher", session.getCipherSuite());
    String alpn = handler == null ? null : handler.applicationProtocol();
    if (alpn != null) {
      facts.put("alpn", alpn);
    }
    if (session instanceof ExtendedSSLSession extended) {
      for (SNIServerName name : extended.getRequestedServerNames()) {
        facts.put("sni", new SNIHostName(name.getEncoded()).getAsciiName());
      }
    }
    try {
      Certificate[] chain = session.getPeerCertificates();
      X509Certificate peer = (X509Certificate) chain[0];
      facts.put("peer", name(peer));
      facts.put("cn", commonName(peer));
    } catch (SSLPeerUnverifiedException e) {
      // the peer showed none
    }
    return facts;
  }

  private static String commonName(X509Certificate certificate) {
    for (String part : certificate.getSubjectX500Principal().getName().split(",")) {
      if (part.startsWith("CN=")) {
        return part.substring(3);
      }
    }
    return "";
  }

  private static String name(X509Certificate certificate) {
    try {
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      if (names != null) {
        for (int kind : new int[] {SAN_URI, SAN_DNS}) {
          for (List<?> each : names) {
            if (Integer.valueOf(kind).equals(each.get(0))) {
              return String.valueOf(each.get(1));
            }
          }
        }
      }
    } catch (CertificateParsingException e) {
      return "unreadable";
    }
    return commonName(certificate);
  }
}
