package io.meltemi.proxy.transport;

import java.util.List;

/**
 * What a stream asks of the connection that it goes out by, beyond what its cluster says.
 * Connections with different options are never shared. Compared by value.
 *
 * @param serverName SNI instead of the cluster's; empty for the cluster's
 * @param subjectAltNames of which the host's certificate must have one; empty for what the cluster
 *     says
 * @param applicationProtocols ALPN instead of the cluster's; empty for the cluster's
 * @param fallbackProtocols ALPN when neither the cluster nor {@code applicationProtocols} has any,
 *     such as {@code h2} for a pool that speaks nothing else
 */
public record TransportOptions(
    String serverName,
    List<String> subjectAltNames,
    List<String> applicationProtocols,
    List<String> fallbackProtocols) {
  public static final TransportOptions NONE =
      new TransportOptions("", List.of(), List.of(), List.of());

  public TransportOptions {
    subjectAltNames = List.copyOf(subjectAltNames);
    applicationProtocols = List.copyOf(applicationProtocols);
    fallbackProtocols = List.copyOf(fallbackProtocols);
  }

  /** The same with other protocols to offer. */
  public TransportOptions withApplicationProtocols(List<String> protocols) {
    return new TransportOptions(serverName, subjectAltNames, protocols, fallbackProtocols);
  }

  /** The same with other protocols to fall back to. */
  public TransportOptions withFallbackProtocols(List<String> protocols) {
    return new TransportOptions(serverName, subjectAltNames, applicationProtocols, protocols);
  }
}
