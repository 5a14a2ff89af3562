package io.meltemi.config.kind.gatewayapi;

import java.util.List;

/**
 * Routes of connections: TLSRoute, TCPRoute and UDPRoute.
 *
 * @param hostnames server names of a TLSRoute; empty for the others
 */
public record StreamRoute(List<ParentRef> parentRefs, List<String> hostnames, List<Rule> rules) {

  /**
   * Where connections go.
   *
   * @param name may be empty
   */
  public record Rule(String name, List<Backend> backends) {
    public Rule {
      backends = List.copyOf(backends);
    }
  }

  public StreamRoute {
    parentRefs = List.copyOf(parentRefs);
    hostnames = List.copyOf(hostnames);
    rules = List.copyOf(rules);
  }
}
