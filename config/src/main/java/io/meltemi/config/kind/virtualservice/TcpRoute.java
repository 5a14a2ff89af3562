package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.traffic.Destination;
import java.util.List;
import java.util.OptionalInt;

/** A route for byte streams; no match at all takes every connection. */
public record TcpRoute(List<Match> match, List<WeightedDestination> route) {

  /**
   * All must hold.
   *
   * @param destinationSubnets addresses or CIDR ranges
   */
  public record Match(List<String> destinationSubnets, OptionalInt port, SourceMatch source) {
    public Match {
      destinationSubnets = List.copyOf(destinationSubnets);
    }
  }

  /**
   * A destination and its share.
   *
   * @param weight relative to the sum of all; without meaning when there is only one
   */
  public record WeightedDestination(Destination destination, int weight) {}

  public TcpRoute {
    match = List.copyOf(match);
    route = List.copyOf(route);
  }
}
