package io.meltemi.proxy.network;

import com.google.protobuf.Any;
import io.meltemi.proxy.parse.ParseScope;
import java.util.Optional;
import java.util.Set;

/**
 * One kind of network filter: parses its configuration. Listed in {@code Extensions}. Safe for any
 * thread.
 */
public interface NetworkFilterFactory {
  /** Envoy's canonical name, such as {@code envoy.filters.network.tcp_proxy}. */
  String name();

  /** Type URLs of the messages that configure it. */
  Set<String> typeUrls();

  /** Whether it ends a chain. */
  boolean isTerminal();

  /** Parses the filter's configuration; empty when bad, which is then an error in the scope. */
  Optional<NetworkFilterConfig> parse(Any config, ParseScope scope);
}
