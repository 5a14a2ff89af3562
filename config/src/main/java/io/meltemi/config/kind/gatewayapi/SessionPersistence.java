package io.meltemi.config.kind.gatewayapi;

import java.time.Duration;
import java.util.Optional;

/**
 * Keeps the requests of a client at one backend.
 *
 * @param name of the cookie or header; empty when the proxy may choose
 */
public record SessionPersistence(Type type, String name, Optional<Duration> absoluteTimeout) {
  /** Where the session is kept. */
  public enum Type {
    COOKIE,
    HEADER
  }
}
