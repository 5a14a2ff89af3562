package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.traffic.StringMatch;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Routes of gRPC calls.
 *
 * @param hostnames empty means every host of the parents
 */
public record GrpcRoute(List<ParentRef> parentRefs, List<String> hostnames, List<Rule> rules) {

  /**
   * What happens to the calls of any of its matches.
   *
   * @param name may be empty
   */
  public record Rule(
      String name,
      List<Match> matches,
      List<HttpFilter> filters,
      List<Backend> backends,
      Optional<SessionPersistence> sessionPersistence) {
    public Rule {
      matches = List.copyOf(matches);
      filters = List.copyOf(filters);
      backends = List.copyOf(backends);
    }
  }

  /** Conditions; all must hold. */
  public record Match(Optional<Method> method, Map<String, StringMatch> headers) {}

  /** A condition on service and method; at least one is set. */
  public record Method(boolean regex, Optional<String> service, Optional<String> method) {}

  public GrpcRoute {
    parentRefs = List.copyOf(parentRefs);
    hostnames = List.copyOf(hostnames);
    rules = List.copyOf(rules);
  }
}
