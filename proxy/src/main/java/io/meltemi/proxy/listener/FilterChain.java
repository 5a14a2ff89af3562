package io.meltemi.proxy.listener;

import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.parse.Metadata;
import java.util.List;

/**
 * Network filters for the connections that match.
 *
 * @param name may be empty
 * @param filters in order; the last one ends the chain; none closes the connection
 * @param fingerprint equal for chains whose whole configuration is equal
 */
public record FilterChain(
    String name,
    FilterChainMatch match,
    List<NetworkFilterConfig> filters,
    Metadata metadata,
    String fingerprint) {
  public FilterChain {
    filters = List.copyOf(filters);
  }
}
