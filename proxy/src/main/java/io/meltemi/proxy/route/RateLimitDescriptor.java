package io.meltemi.proxy.route;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a rate limiter counts a request under.
 *
 * @param limit replaces the limiter's own limit
 * @param hits how much the request counts; 1 unless given
 * @param headers whether the response tells of this limit
 */
public record RateLimitDescriptor(
    List<Entry> entries, Optional<Limit> limit, OptionalLong hits, LimitHeaders headers) {
  public RateLimitDescriptor {
    entries = List.copyOf(entries);
  }

  /** Whether responses have {@code x-ratelimit-} headers. */
  public enum LimitHeaders {
    OF_FILTER,
    OFF,
    ON;

    /**
     * @param byFilter what the filter says
     */
    public boolean areTold(boolean byFilter) {
      return this == OF_FILTER ? byFilter : this == ON;
    }
  }

  public record Entry(String key, String value) {}

  /**
   * @param unit number of {@code envoy.type.v3.RateLimitUnit}
   */
  public record Limit(long requests, int unit) {}
}
