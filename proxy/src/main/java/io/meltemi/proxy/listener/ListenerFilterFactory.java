package io.meltemi.proxy.listener;

import com.google.protobuf.Any;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.Stats;
import java.util.Optional;
import java.util.Set;

/**
 * One kind of listener filter: parses its configuration. Listed in {@code Extensions}. Safe for any
 * thread.
 */
public interface ListenerFilterFactory {
  /** Envoy's canonical name, such as {@code envoy.filters.listener.tls_inspector}. */
  String name();

  /** Type URLs of the messages that configure it. */
  Set<String> typeUrls();

  /** Parses the filter's configuration; empty when bad, which is then an error in the scope. */
  Optional<ListenerFilterConfig> parse(Any config, Stats stats, ParseScope scope);
}
