package io.meltemi.proxy.http;

import com.google.protobuf.Any;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
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

  /** Whether it ends a chain, as the router does. */
  default boolean isTerminal() {
    return false;
  }

  /**
   * Parses the configuration of the chain's entry.
   *
   * @param path field path of the message for violations
   */
  Validation<HttpFilterConfig> parse(Any config, Origin origin, String path);
}
