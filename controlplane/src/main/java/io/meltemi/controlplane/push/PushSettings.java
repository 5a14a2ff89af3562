package io.meltemi.controlplane.push;

import java.time.Duration;

/**
 * When pushes happen.
 *
 * @param quiet a push waits until nothing changed for this long ({@code PILOT_DEBOUNCE_AFTER})
 * @param quietEndpoints the same while only endpoints changed
 * @param waitMax a push never waits longer ({@code PILOT_DEBOUNCE_MAX})
 * @param answerWaitMax how long the next step of a push waits for a proxy to take the last one; a
 *     proxy that answers later is sent the next step all the same
 */
public record PushSettings(
    Duration quiet, Duration quietEndpoints, Duration waitMax, Duration answerWaitMax) {
  public static final PushSettings DEFAULT =
      new PushSettings(
          Duration.ofMillis(100),
          Duration.ofMillis(20),
          Duration.ofSeconds(10),
          Duration.ofSeconds(5));

  public PushSettings {
    if (quiet.isNegative()
        || quietEndpoints.isNegative()
        || waitMax.compareTo(quiet) < 0
        || answerWaitMax.isNegative()) {
      throw new IllegalArgumentException(
          "quiet " + quiet + ", waitMax " + waitMax + " (expected: 0 <= quiet <= waitMax)");
    }
  }
}
