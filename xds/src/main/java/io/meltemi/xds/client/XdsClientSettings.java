package io.meltemi.xds.client;

import java.time.Duration;

/**
 * How a client talks to its server.
 *
 * @param variant of the protocol
 * @param initialFetchTimeout how long a new subscription may stay unanswered before its watcher is
 *     told, zero for ever; Envoy's default is 15 s
 * @param backoffMin mean delay before the first reconnection is half of this (full jitter)
 * @param backoffMax upper bound of the growing delay
 */
public record XdsClientSettings(
    Variant variant, Duration initialFetchTimeout, Duration backoffMin, Duration backoffMax) {
  /** Delta, and Envoy's times. */
  public static final XdsClientSettings DEFAULT =
      new XdsClientSettings(
          Variant.DELTA, Duration.ofSeconds(15), Duration.ofMillis(500), Duration.ofSeconds(30));

  /** The two forms of the aggregated discovery service. */
  public enum Variant {
    DELTA,
    STATE_OF_THE_WORLD
  }

  public XdsClientSettings {
    if (initialFetchTimeout.isNegative()
        || backoffMin.isNegative()
        || backoffMin.isZero()
        || backoffMax.compareTo(backoffMin) < 0) {
      throw new IllegalArgumentException(
          "initialFetchTimeout "
              + initialFetchTimeout
              + ", backoff "
              + backoffMin
              + " to "
              + backoffMax
              + " (expected: timeout >= 0, 0 < backoffMin <= backoffMax)");
    }
  }

  public XdsClientSettings withVariant(Variant value) {
    return new XdsClientSettings(value, initialFetchTimeout, backoffMin, backoffMax);
  }
}
