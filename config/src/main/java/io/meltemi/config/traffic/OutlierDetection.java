package io.meltemi.config.traffic;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * When an endpoint is put aside for its failures; what is unset has Envoy's default.
 *
 * @param consecutive5xxErrors unset means 5, 0 switches the check off
 * @param consecutiveGatewayErrors unset or 0 means off
 * @param maxEjectionPercent 0 to 100; unset or 0 means 10
 * @param minHealthPercent 0 to 100; unset or 0 switches panic routing off
 * @param httpErrorCodes the statuses that count as errors; empty means 5xx
 */
public record OutlierDetection(
    OptionalLong consecutive5xxErrors,
    OptionalLong consecutiveGatewayErrors,
    LocalOrigin localOrigin,
    Optional<Duration> interval,
    Optional<Duration> baseEjectionTime,
    OptionalInt maxEjectionPercent,
    OptionalInt minHealthPercent,
    List<Integer> httpErrorCodes) {

  /** Failures seen without an answer, such as a refused connection. */
  public record LocalOrigin(
      boolean splitExternalLocalOriginErrors, OptionalLong consecutiveLocalOriginFailures) {}

  public OutlierDetection {
    httpErrorCodes = List.copyOf(httpErrorCodes);
  }
}
