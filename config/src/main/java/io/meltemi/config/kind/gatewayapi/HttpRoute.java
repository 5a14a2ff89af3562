package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.traffic.StringMatch;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Routes of HTTP requests.
 *
 * @param hostnames empty means every host of the parents
 */
public record HttpRoute(List<ParentRef> parentRefs, List<String> hostnames, List<Rule> rules) {

  /**
   * What happens to the requests of any of its matches; no match takes every request.
   *
   * @param name may be empty
   */
  public record Rule(
      String name,
      List<Match> matches,
      List<HttpFilter> filters,
      List<Backend> backends,
      Timeouts timeouts,
      Optional<Retry> retry,
      Optional<SessionPersistence> sessionPersistence) {
    public Rule {
      matches = List.copyOf(matches);
      filters = List.copyOf(filters);
      backends = List.copyOf(backends);
    }
  }

  /** Conditions; all must hold. Header names are in lower case; the first of equal names counts. */
  public record Match(
      Path path,
      Map<String, StringMatch> headers,
      Map<String, StringMatch> queryParams,
      Optional<String> method) {}

  /** A condition on the path. */
  public record Path(PathType type, String value) {
    public static final Path ALL = new Path(PathType.PATH_PREFIX, "/");
  }

  /** How a path is compared. */
  public enum PathType {
    EXACT,
    PATH_PREFIX,
    REGULAR_EXPRESSION
  }

  /** Limits; zero switches one off. */
  public record Timeouts(Optional<Duration> request, Optional<Duration> backendRequest) {
    public static final Timeouts NONE = new Timeouts(Optional.empty(), Optional.empty());
  }

  /**
   * When to try again.
   *
   * @param codes 400 to 599
   */
  public record Retry(List<Integer> codes, OptionalInt attempts, Optional<Duration> backoff) {
    public Retry {
      codes = List.copyOf(codes);
    }
  }

  public HttpRoute {
    parentRefs = List.copyOf(parentRefs);
    hostnames = List.copyOf(hostnames);
    rules = List.copyOf(rules);
  }
}
