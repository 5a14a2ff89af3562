package io.meltemi.config.kind.envoyfilter;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Where a patch applies. Of texts the empty one, of numbers 0, stands for "any".
 *
 * @param proxyVersion expression over the version that the proxy claims
 * @param proxyMetadata values that the proxy's node must have, sorted by name
 */
public record PatchMatch(
    Context context,
    String proxyVersion,
    Map<String, String> proxyMetadata,
    Optional<OfListener> listener,
    Optional<OfRoutes> routes,
    Optional<OfCluster> cluster) {

  /** Everything. */
  public static final PatchMatch ANY =
      new PatchMatch(
          Context.ANY, "", Map.of(), Optional.empty(), Optional.empty(), Optional.empty());

  /** Which side of which proxy. */
  public enum Context {
    ANY,
    SIDECAR_INBOUND,
    SIDECAR_OUTBOUND,
    GATEWAY,
    WAYPOINT
  }

  /** A listener, or a part of it. */
  public record OfListener(
      int portNumber, String name, String listenerFilter, Optional<OfChain> filterChain) {}

  /**
   * A filter chain.
   *
   * @param applicationProtocols all of which the chain must list
   * @param filter name of a network filter
   * @param subFilter name of an HTTP filter
   */
  public record OfChain(
      String name,
      String sni,
      String transportProtocol,
      List<String> applicationProtocols,
      int destinationPort,
      String filter,
      String subFilter) {
    public OfChain {
      applicationProtocols = List.copyOf(applicationProtocols);
    }
  }

  /**
   * A route configuration, or a part of it.
   *
   * @param gateway {@code namespace/name}
   */
  public record OfRoutes(
      int portNumber,
      String portName,
      String gateway,
      String name,
      Optional<OfVirtualHost> virtualHost) {}

  /** A virtual host, or a route of it. */
  public record OfVirtualHost(String name, String domainName, Optional<OfRoute> route) {}

  /** A route. */
  public record OfRoute(String name, Action action) {
    public enum Action {
      ANY,
      ROUTE,
      REDIRECT,
      DIRECT_RESPONSE
    }
  }

  /** A cluster. */
  public record OfCluster(int portNumber, String service, String subset, String name) {}

  public PatchMatch {
    proxyMetadata = Collections.unmodifiableMap(new TreeMap<>(proxyMetadata));
  }
}
