package io.meltemi.config.kind.virtualservice;

import java.util.List;
import java.util.OptionalInt;

/** A route for TLS that is not ended here, chosen by server name. */
public record TlsRoute(List<Match> match, List<TcpRoute.WeightedDestination> route) {

  /**
   * All must hold.
   *
   * @param sniHosts at least one, wildcards allowed
   * @param destinationSubnets addresses or CIDR ranges
   */
  public record Match(
      List<String> sniHosts,
      List<String> destinationSubnets,
      OptionalInt port,
      SourceMatch source) {
    public Match {
      sniHosts = List.copyOf(sniHosts);
      destinationSubnets = List.copyOf(destinationSubnets);
    }
  }

  public TlsRoute {
    match = List.copyOf(match);
    route = List.copyOf(route);
  }
}
