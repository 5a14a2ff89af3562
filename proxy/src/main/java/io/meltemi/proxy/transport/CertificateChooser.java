package io.meltemi.proxy.transport;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Chooses among our certificates: by server name (exact before wildcard), then an ECDSA key where
 * the peer can check it, else RSA. An alias is the certificate's place in the list. Any thread.
 */
final class CertificateChooser extends X509ExtendedKeyManager {
  private final List<TlsCertificate> certificates;
  private final List<CertificateNames> names;
  private final Rules rules;

  /**
   * @param fullScan whether all certificates are looked at when none has the client's server name;
   *     else the first one is used
   * @param serverNameRequired whether a client that names no server gets none
   */
  record Rules(boolean fullScan, boolean serverNameRequired) {}

  CertificateChooser(List<TlsCertificate> certificates, Rules rules) {
    this.certificates = List.copyOf(certificates);
    this.names = certificates.stream().map(c -> CertificateNames.of(c.leaf())).toList();
    this.rules = rules;
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    boolean ec = keyType.contains("EC") && !keyType.endsWith("RSA");
    if (certificates.size() == 1 && !rules.serverNameRequired()) {
      return certificates.getFirst().isEc() == ec ? "0" : null;
    }
    ExtendedSSLSession session =
        engine != null && engine.getHandshakeSession() instanceof ExtendedSSLSession extended
            ? extended
            : null;
    String serverName = serverName(session);
    if (rules.serverNameRequired() && serverName.isEmpty()) {
      return null;
    }
    int chosen = choose(serverName, peerChecksEc(session, ec));
    return certificates.get(chosen).isEc() == ec ? String.valueOf(chosen) : null;
  }

  private static String serverName(@Nullable ExtendedSSLSession session) {
    if (session != null) {
      for (SNIServerName name : session.getRequestedServerNames()) {
        if (name.getType() == 0) {
          return name instanceof SNIHostName host
              ? host.getAsciiName().toLowerCase(Locale.ROOT)
              : new String(name.getEncoded(), java.nio.charset.StandardCharsets.UTF_8)
                  .toLowerCase(Locale.ROOT);
        }
      }
    }
    return "";
  }

  private static boolean peerChecksEc(@Nullable ExtendedSSLSession session, boolean asked) {
    if (asked || session == null) {
      return asked;
    }
    for (String algorithm : session.getPeerSupportedSignatureAlgorithms()) {
      if (algorithm.endsWith("withECDSA") || algorithm.startsWith("ecdsa_")) {
        return true;
      }
    }
    return false;
  }

  /** The place of the certificate for a name. */
  int choose(String serverName, boolean ecAllowed) {
    int exact = -1;
    int wildcard = -1;
    int any = -1;
    for (int i = 0; i < certificates.size(); i++) {
      boolean ec = certificates.get(i).isEc();
      if (ec && !ecAllowed) {
        continue;
      }
      if (!serverName.isEmpty() && names.get(i).dns().contains(serverName)) {
        exact = better(exact, i);
      } else if (!serverName.isEmpty() && covers(names.get(i), serverName)) {
        wildcard = better(wildcard, i);
      }
      any = better(any, i);
    }
    if (exact >= 0) {
      return exact;
    }
    if (wildcard >= 0) {
      return wildcard;
    }
    return any >= 0 && (serverName.isEmpty() || rules.fullScan() || certificates.getFirst().isEc())
        ? any
        : 0;
  }

  /** The first one, but any ECDSA one before RSA. */
  private int better(int known, int candidate) {
    return known < 0 || (certificates.get(candidate).isEc() && !certificates.get(known).isEc())
        ? candidate
        : known;
  }

  private static boolean covers(CertificateNames names, String serverName) {
    for (String dns : names.dns()) {
      if (SanMatcher.dnsMatches(serverName, dns)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String @Nullable [] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    // as Envoy: what is configured is shown, whichever authorities the server names
    return certificates.isEmpty() ? null : "0";
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    return certificates.get(Integer.parseInt(alias)).chain().toArray(X509Certificate[]::new);
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return certificates.get(Integer.parseInt(alias)).key();
  }

  @Override
  public @Nullable String chooseClientAlias(
      String @Nullable [] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return chooseEngineClientAlias(keyTypes, issuers, null);
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return chooseEngineServerAlias(keyType, issuers, null);
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }
}
