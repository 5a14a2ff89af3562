package io.meltemi.proxy.transport;

import io.meltemi.proxy.telemetry.FilterState;
import java.util.List;
import java.util.Optional;

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
 * @param client whom the host is told of, where it is told of clients
 * @param passed what filters left that a listener inside the proxy is told
 */
public record TransportOptions(
    String serverName,
    List<String> subjectAltNames,
    List<String> applicationProtocols,
    List<String> fallbackProtocols,
    Optional<ProxyHeader.Client> client,
    FilterState passed) {
  public static final TransportOptions NONE =
      new TransportOptions("", List.of(), List.of(), List.of(), Optional.empty(), FilterState.NONE);

  public TransportOptions {
    subjectAltNames = List.copyOf(subjectAltNames);
    applicationProtocols = List.copyOf(applicationProtocols);
    fallbackProtocols = List.copyOf(fallbackProtocols);
  }

  /** The same with other protocols to offer. */
  public TransportOptions withApplicationProtocols(List<String> protocols) {
    return new TransportOptions(
        serverName, subjectAltNames, protocols, fallbackProtocols, client, passed);
  }

  /** The same with other protocols to fall back to. */
  public TransportOptions withFallbackProtocols(List<String> protocols) {
    return new TransportOptions(
        serverName, subjectAltNames, applicationProtocols, protocols, client, passed);
  }

  /** The same for another client. */
  public TransportOptions withClient(ProxyHeader.Client other) {
    return new TransportOptions(
        serverName,
        subjectAltNames,
        applicationProtocols,
        fallbackProtocols,
        Optional.of(other),
        passed);
  }

  /** The same with other texts for a listener inside the proxy. */
  public TransportOptions withPassed(FilterState state) {
    return state == passed
        ? this
        : new TransportOptions(
            serverName, subjectAltNames, applicationProtocols, fallbackProtocols, client, state);
  }
}
