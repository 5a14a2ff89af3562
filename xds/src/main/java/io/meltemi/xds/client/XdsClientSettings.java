package io.meltemi.xds.client;

import java.time.Duration;

/**
 * How a client talks to its server.
 *
 * @param service that is called
 * @param variant of the protocol
 * @param initialFetchTimeout how long a new subscription may stay unanswered before its watcher is
 *     told, zero for ever; Envoy's default is 15 s
 * @param backoffMin upper bound of the delay before the first reconnection (full jitter)
 * @param backoffMax upper bound of the doubling delays after that
 * @param responseBytesMax largest response taken; a larger one ends the stream
 */
public record XdsClientSettings(
    DiscoveryService service,
    Variant variant,
    Duration initialFetchTimeout,
    Duration backoffMin,
    Duration backoffMax,
    int responseBytesMax) {
  /** Delta, and Envoy's times. */
  public static final XdsClientSettings DEFAULT =
      new XdsClientSettings(
          DiscoveryService.AGGREGATED,
          Variant.DELTA,
          Duration.ofSeconds(15),
          Duration.ofMillis(500),
          Duration.ofSeconds(30),
          256 << 20);

  /** The two forms of a discovery service. */
  public enum Variant {
    DELTA,
    STATE_OF_THE_WORLD
  }

  public XdsClientSettings {
    if (initialFetchTimeout.isNegative()) {
      throw new IllegalArgumentException(
          "initialFetchTimeout: " + initialFetchTimeout + " (expected: >= 0)");
    }
    if (backoffMin.isNegative() || backoffMin.isZero() || backoffMax.compareTo(backoffMin) < 0) {
      throw new IllegalArgumentException(
          "backoff: " + backoffMin + " to " + backoffMax + " (expected: 0 < min <= max)");
    }
    if (responseBytesMax <= 0) {
      throw new IllegalArgumentException(
          "responseBytesMax: " + responseBytesMax + " (expected: > 0)");
    }
  }

  public XdsClientSettings withVariant(Variant value) {
    return new XdsClientSettings(
        service, value, initialFetchTimeout, backoffMin, backoffMax, responseBytesMax);
  }

  public XdsClientSettings withService(DiscoveryService value) {
    return new XdsClientSettings(
        value, variant, initialFetchTimeout, backoffMin, backoffMax, responseBytesMax);
  }
}
