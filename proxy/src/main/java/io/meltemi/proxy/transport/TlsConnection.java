package io.meltemi.proxy.transport;

import io.meltemi.proxy.telemetry.TlsInfo;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslHandler;
import io.netty.internal.tcnative.SSL;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * What a finished handshake tells. Keeps the session, which outlives the engine, so that a log
 * written after the connection's end can still ask.
 */
final class TlsConnection implements TlsInfo {
  private final SSLSession session;
  private final String applicationProtocol;
  private final String serverName;
  private final String group;
  private final boolean resumed;
  private final boolean verifies;
  private @Nullable Certificate peer;
  private @Nullable Certificate local;

  private TlsConnection(
      SSLSession session,
      String applicationProtocol,
      String serverName,
      String group,
      boolean resumed,
      boolean verifies) {
    this.session = session;
    this.applicationProtocol = applicationProtocol;
    this.serverName = serverName;
    this.group = group;
    this.resumed = resumed;
    this.verifies = verifies;
  }

  /**
   * Reads what is found only while the connection lives.
   *
   * @param verifies whether peers' chains are checked
   */
  static TlsConnection of(SslHandler handler, boolean verifies) {
    SSLEngine engine = handler.engine();
    String protocol = handler.applicationProtocol();
    return new TlsConnection(
        engine.getSession(),
        protocol == null ? "" : protocol,
        serverName(engine),
        group(engine),
        isResumed(engine),
        verifies);
  }

  private static String group(SSLEngine engine) {
    if (engine instanceof ReferenceCountedOpenSslEngine openSsl) {
      try {
        String name = SSL.getGroupName(openSsl.sslPointer());
        return name == null ? "" : name;
      } catch (Exception e) {
        return ""; // there was no exchange
      }
    }
    return ""; // the JDK does not tell
  }

  private static boolean isResumed(SSLEngine engine) {
    // the JDK does not tell
    return engine instanceof ReferenceCountedOpenSslEngine openSsl
        && SSL.isSessionReused(openSsl.sslPointer());
  }

  private static String serverName(SSLEngine engine) {
    if (engine instanceof ReferenceCountedOpenSslEngine openSsl) {
      String name = SSL.getSniHostname(openSsl.sslPointer());
      return name == null ? "" : name;
    }
    if (engine.getSession() instanceof ExtendedSSLSession extended) {
      for (SNIServerName name : extended.getRequestedServerNames()) {
        if (name instanceof SNIHostName host) {
          return host.getAsciiName();
        }
      }
    }
    return "";
  }

  @Override
  public String group() {
    return group;
  }

  boolean isResumed() {
    return resumed;
  }

  @Override
  public String version() {
    return session.getProtocol();
  }

  @Override
  public String cipher() {
    return TlsParameters.openSslName(session.getCipherSuite());
  }

  @Override
  public String serverName() {
    return serverName;
  }

  @Override
  public String applicationProtocol() {
    return applicationProtocol;
  }

  @Override
  public String sessionId() {
    return HexFormat.of().formatHex(session.getId());
  }

  @Override
  public boolean isPeerCertificatePresented() {
    return peer() != Certificate.NONE;
  }

  @Override
  public boolean isPeerCertificateValidated() {
    return verifies && isPeerCertificatePresented();
  }

  @Override
  public Certificate peer() {
    Certificate known = peer;
    if (known == null) {
      known = details(peerChain());
      peer = known;
    }
    return known;
  }

  private java.security.cert.Certificate @Nullable [] peerChain() {
    try {
      return session.getPeerCertificates();
    } catch (SSLPeerUnverifiedException e) {
      return null;
    }
  }

  @Override
  public Certificate local() {
    Certificate known = local;
    if (known == null) {
      known = details(session.getLocalCertificates());
      local = known;
    }
    return known;
  }

  private static Certificate details(java.security.cert.Certificate @Nullable [] chain) {
    if (chain == null || chain.length == 0) {
      return Certificate.NONE;
    }
    X509Certificate[] parsed = new X509Certificate[chain.length];
    for (int i = 0; i < chain.length; i++) {
      parsed[i] = (X509Certificate) chain[i];
    }
    return new CertificateDetails(List.of(parsed));
  }
}
