package io.meltemi.proxy.route;

import java.util.List;

/**
 * Routes for some domains; the first that matches a request wins.
 *
 * @param domains as written
 * @param tls which requests must come over TLS
 * @param tlsRedirect the route of those that should and do not
 */
public record VirtualHost(
    String name, List<String> domains, TlsRequirement tls, Route tlsRedirect, List<Route> routes) {
  /** Which requests must come over TLS. */
  public enum TlsRequirement {
    NONE,
    EXTERNAL_ONLY,
    ALL
  }

  public VirtualHost {
    domains = List.copyOf(domains);
    routes = List.copyOf(routes);
  }
}
