package io.meltemi.config.kind.secret;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Named values to keep from eyes.
 *
 * @param type such as {@code kubernetes.io/tls}; {@code Opaque} when not written
 * @param data by key; {@code stringData} is in it
 */
public record Secret(String type, Map<String, SecretValue> data) {
  /** The type of a certificate with its key. */
  public static final String TLS = "kubernetes.io/tls";

  public Secret {
    data = Collections.unmodifiableMap(new TreeMap<>(data));
  }

  public Optional<SecretValue> value(String key) {
    return Optional.ofNullable(data.get(key));
  }
}
