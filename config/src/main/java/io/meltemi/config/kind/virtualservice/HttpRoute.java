package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.traffic.Destination;
import io.meltemi.config.traffic.HttpRetry;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One entry of {@code http}; the first that matches wins.
 *
 * @param name may be empty
 * @param match any of these; empty matches every request
 */
public record HttpRoute(String name, List<HttpMatch> match, HttpAction action, Policy policy) {
  public HttpRoute {
    match = List.copyOf(match);
  }

  /**
   * What is done around the action.
   *
   * @param timeout zero or unset means none
   * @param retries unset means the mesh's default
   */
  public record Policy(
      Optional<HttpRewrite> rewrite,
      Optional<Duration> timeout,
      Optional<HttpRetry> retries,
      Optional<HttpFault> fault,
      List<Mirror> mirrors,
      Optional<CorsPolicy> cors,
      HeaderOperations headers) {
    public static final Policy NONE =
        new Policy(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            Optional.empty(),
            HeaderOperations.NONE);

    public Policy {
      mirrors = List.copyOf(mirrors);
    }
  }

  /**
   * A copy of requests whose answers are dropped.
   *
   * @param percent 0 to 100; {@code mirror}, {@code mirrorPercentage} and {@code mirrorPercent}
   *     become one entry, 100 when no share is set
   */
  public record Mirror(Destination destination, double percent) {}
}
