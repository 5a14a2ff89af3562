package io.meltemi.proxy.transport;

import java.util.List;

/**
 * A {@code DownstreamTlsContext} apart from its secrets.
 *
 * @param protocols ALPN, the preferred first; empty agrees on none
 * @param clientCertificateRequired whether a client without a certificate is refused
 * @param serverNameRequired whether a client that names no server is refused
 */
record ServerSettings(
    TlsParameters parameters,
    List<String> protocols,
    boolean clientCertificateRequired,
    boolean serverNameRequired,
    Choice choice,
    Resumption resumption) {
  ServerSettings {
    protocols = List.copyOf(protocols);
  }

  /**
   * @param fullScan {@code full_scan_certs_on_sni_mismatch}
   * @param clientOrder whether the client's order of ciphers counts
   */
  record Choice(boolean fullScan, boolean clientOrder) {}

  /**
   * @param tickets whether sessions are handed out as tickets
   * @param sessions whether sessions are kept here (TLS 1.2)
   * @param seconds how long a session is good; 0 for the engine's default
   */
  record Resumption(boolean tickets, boolean sessions, long seconds) {}
}
