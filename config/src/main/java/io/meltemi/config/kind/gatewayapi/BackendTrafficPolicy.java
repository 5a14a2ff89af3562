package io.meltemi.config.kind.gatewayapi;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** How a backend is treated by its clients (XBackendTrafficPolicy, experimental). */
public record BackendTrafficPolicy(
    List<PolicyTarget> targetRefs,
    Optional<RetryConstraint> retryConstraint,
    boolean sessionPersistence) {

  /** A limit on retries. */
  public record RetryConstraint(
      OptionalInt budgetPercent, Optional<Duration> budgetInterval, OptionalInt minRetryCount) {}

  public BackendTrafficPolicy {
    targetRefs = List.copyOf(targetRefs);
  }
}
