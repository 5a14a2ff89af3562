package io.meltemi.config.traffic;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Retries of a route (Istio {@code HTTPRetry}).
 *
 * @param attempts 0 switches retries off
 * @param perTryTimeout unset means the route's timeout
 * @param retryOn the words and status numbers of {@code retryOn}, in order; empty means Istio's
 *     default list
 * @param retryIgnorePreviousHosts unset means true
 * @param backoff base interval; unset means Envoy's 25 ms
 */
public record HttpRetry(
    int attempts,
    Optional<Duration> perTryTimeout,
    List<String> retryOn,
    Optional<Boolean> retryRemoteLocalities,
    Optional<Boolean> retryIgnorePreviousHosts,
    Optional<Duration> backoff) {
  public HttpRetry {
    retryOn = List.copyOf(retryOn);
  }
}
