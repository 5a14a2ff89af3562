package io.meltemi.proxy.transport;

import java.util.List;

/**
 * An {@code UpstreamTlsContext} apart from its secrets.
 *
 * @param sni empty for none
 * @param protocols ALPN, the preferred first; may be empty
 * @param hostAsSni whether a host's name is its SNI
 * @param sniIsSan whether the host's certificate must have the name that was asked for
 * @param sessionsMax how many sessions are kept for resumption; 0 for none
 */
record ClientSettings(
    TlsParameters parameters,
    String sni,
    List<String> protocols,
    boolean hostAsSni,
    boolean sniIsSan,
    int sessionsMax) {
  ClientSettings {
    protocols = List.copyOf(protocols);
  }
}
