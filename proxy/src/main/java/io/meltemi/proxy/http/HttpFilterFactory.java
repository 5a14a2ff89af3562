package io.meltemi.proxy.http;

import com.google.protobuf.Any;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.Optional;
import java.util.Set;

/**
 * One kind of HTTP filter: parses its configuration and makes instances. Listed in {@code
 * Extensions}. Safe for any thread.
 */
public interface HttpFilterFactory {
  /** Envoy's canonical name, such as {@code envoy.filters.http.fault}. */
  String name();

  /** Type URLs of the messages that configure it in a chain. */
  Set<String> typeUrls();

  /** Type URLs of the messages that configure it for a route. */
  default Set<String> routeTypeUrls() {
    return Set.of();
  }

  /** Whether it ends a chain, as the router does. */
  default boolean isTerminal() {
    return false;
  }

  /**
   * Parses the configuration of the chain's entry; empty when bad, which is then an error in the
   * scope.
   */
  Optional<HttpFilterConfig> parse(Any config, ParseScope scope);

  /** Parses a route's configuration; empty when bad, which is then an error in the scope. */
  default Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    scope.unsupported(config.getTypeUrl());
    return Optional.empty();
  }
}
