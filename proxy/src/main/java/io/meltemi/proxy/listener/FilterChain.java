package io.meltemi.proxy.listener;

import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.transport.DownstreamTransport;
import java.util.List;
import java.util.Optional;

/**
 * Network filters for the connections that match.
 *
 * @param name may be empty
 * @param transport what comes before the filters
 * @param filters in order; the last one ends the chain; none closes the connection
 * @param fingerprint equal for chains whose whole configuration is equal
 */
public record FilterChain(
    String name,
    FilterChainMatch match,
    Transport transport,
    List<NetworkFilterConfig> filters,
    Metadata metadata,
    String fingerprint) {
  public FilterChain {
    filters = List.copyOf(filters);
  }

  /** A plain-text chain. */
  public FilterChain(
      String name,
      FilterChainMatch match,
      List<NetworkFilterConfig> filters,
      Metadata metadata,
      String fingerprint) {
    this(name, match, Transport.RAW, filters, metadata, fingerprint);
  }

  /**
   * The transport socket.
   *
   * @param tls empty for plain text
   * @param timeoutNanos until its handshake is done
   */
  public record Transport(Optional<DownstreamTransport> tls, long timeoutNanos) {
    /** Plain text. */
    public static final Transport RAW = new Transport(Optional.empty(), 0);
  }
}
