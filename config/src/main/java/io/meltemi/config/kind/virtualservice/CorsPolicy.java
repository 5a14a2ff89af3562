package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.traffic.StringMatch;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Cross-origin rules.
 *
 * @param allowOrigins the older list of plain origins appears here as exact matches
 * @param maxAge whole seconds
 */
public record CorsPolicy(
    List<StringMatch> allowOrigins,
    List<String> allowMethods,
    List<String> allowHeaders,
    List<String> exposeHeaders,
    Optional<Duration> maxAge,
    Optional<Boolean> allowCredentials,
    UnmatchedPreflights unmatchedPreflights) {

  /** What happens to preflight requests of origins that are not allowed. */
  public enum UnmatchedPreflights {
    UNSPECIFIED,
    FORWARD,
    IGNORE
  }

  public CorsPolicy {
    allowOrigins = List.copyOf(allowOrigins);
    allowMethods = List.copyOf(allowMethods);
    allowHeaders = List.copyOf(allowHeaders);
    exposeHeaders = List.copyOf(exposeHeaders);
  }
}
