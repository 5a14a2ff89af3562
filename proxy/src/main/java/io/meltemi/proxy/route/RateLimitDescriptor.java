package io.meltemi.proxy.route;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a rate limiter counts a request under.
 *
 * @param limit replaces the limiter's own limit
 * @param hits how much the request counts; 1 unless given
 */
public record RateLimitDescriptor(List<Entry> entries, Optional<Limit> limit, OptionalLong hits) {
  public RateLimitDescriptor {
    entries = List.copyOf(entries);
  }

  public record Entry(String key, String value) {}

  /**
   * @param unit number of {@code envoy.type.v3.RateLimitUnit}
   */
  public record Limit(long requests, int unit) {}
}
