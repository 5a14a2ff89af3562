package io.meltemi.proxy.route;

import io.meltemi.proxy.matcher.HeaderMatcher;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * When and how often a failed try is repeated.
 *
 * @param retryOn conditions, any of which suffices
 * @param retriesMax tries beyond the first
 * @param perTryNanos limit of one try; 0 for none
 * @param perTryIdleNanos limit of one try without bytes; 0 for none
 * @param hosts which hosts a retry may take
 * @param response which responses count under the {@code retriable-*} conditions
 */
public record RetryPolicy(
    Set<Condition> retryOn,
    int retriesMax,
    long perTryNanos,
    long perTryIdleNanos,
    BackOff backOff,
    HostSelection hosts,
    Retriable response) {

  public RetryPolicy {
    retryOn = Set.copyOf(retryOn);
    if (retriesMax < 0) {
      throw new IllegalArgumentException("retriesMax: " + retriesMax + " (expected: >= 0)");
    }
  }

  /**
   * Pauses before retries: a random time up to {@code base * (2^n - 1)}, at most the maximum.
   *
   * @param baseNanos more than 0
   * @param maxNanos at least the base
   */
  public record BackOff(long baseNanos, long maxNanos) {
    public static final BackOff DEFAULT = new BackOff(25_000_000, 250_000_000);

    public BackOff {
      if (baseNanos <= 0 || maxNanos < baseNanos) {
        throw new IllegalArgumentException(
            "back-off: " + baseNanos + ", " + maxNanos + " (expected: 0 < base <= max)");
      }
    }
  }

  /**
   * @param notPrevious whether hosts already tried are passed over
   * @param attemptsMax how often another host is picked then
   * @param noCanaries whether hosts whose {@code envoy.lb} says {@code canary} are passed over
   * @param notWith hosts whose {@code envoy.lb} has all of these are passed over; empty for none
   * @param prioritiesAfter after so many tries their priorities are avoided; 0 for never
   */
  public record HostSelection(
      boolean notPrevious,
      int attemptsMax,
      boolean noCanaries,
      Map<String, Object> notWith,
      int prioritiesAfter) {
    public static final HostSelection ANY = new HostSelection(false, 1);

    public HostSelection {
      notWith = Map.copyOf(notWith);
    }

    /** Without the rarer rules. */
    public HostSelection(boolean notPrevious, int attemptsMax) {
      this(notPrevious, attemptsMax, false, Map.of(), 0);
    }
  }

  /**
   * @param statuses of {@code retriable-status-codes}
   * @param headers of {@code retriable-headers}, any of them
   * @param requestHeaders when not empty, only requests that match one are retried
   */
  public record Retriable(
      Set<Integer> statuses, List<HeaderMatcher> headers, List<HeaderMatcher> requestHeaders) {
    public static final Retriable NONE = new Retriable(Set.of(), List.of(), List.of());

    public Retriable {
      statuses = Set.copyOf(statuses);
      headers = List.copyOf(headers);
      requestHeaders = List.copyOf(requestHeaders);
    }
  }

  /** Envoy's retry conditions, HTTP and gRPC. */
  public enum Condition {
    FIVE_XX("5xx"),
    GATEWAY_ERROR,
    RESET,
    RESET_BEFORE_REQUEST,
    CONNECT_FAILURE,
    RETRIABLE_4XX,
    REFUSED_STREAM,
    RETRIABLE_STATUS_CODES,
    RETRIABLE_HEADERS,
    ENVOY_RATELIMITED,
    HTTP3_POST_CONNECT_FAILURE,
    CANCELLED,
    DEADLINE_EXCEEDED,
    INTERNAL,
    RESOURCE_EXHAUSTED,
    UNAVAILABLE;

    private static final Map<String, Condition> BY_TEXT =
        Stream.of(values()).collect(Collectors.toMap(Condition::text, Function.identity()));
    private final String text;

    Condition(String text) {
      this.text = text;
    }

    Condition() {
      this.text = name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Envoy's spelling, such as {@code gateway-error}. */
    public String text() {
      return text;
    }
  }

  /**
   * The conditions of a comma-separated list, also of {@code x-envoy-retry-on} and {@code
   * x-envoy-retry-grpc-on}. Unknown words are passed over, as in Envoy, because lists are written
   * for several versions.
   */
  public static Set<Condition> conditions(String list) {
    EnumSet<Condition> found = EnumSet.noneOf(Condition.class);
    for (String word : list.split(",", -1)) {
      Condition condition = Condition.BY_TEXT.get(word.strip());
      if (condition != null) {
        found.add(condition);
      }
    }
    return found;
  }
}
