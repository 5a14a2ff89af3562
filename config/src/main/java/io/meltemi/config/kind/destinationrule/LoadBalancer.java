package io.meltemi.config.kind.destinationrule;

import io.meltemi.config.traffic.LocalityLb;
import io.meltemi.config.traffic.ZoneAwareLb;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** How an endpoint is chosen (Istio {@code LoadBalancerSettings}). */
public record LoadBalancer(
    Algorithm algorithm,
    Optional<LocalityLb> localityLb,
    Optional<ZoneAwareLb> zoneAwareLb,
    Optional<Warmup> warmup) {

  /** The one-of of the message; absent is {@code Simple(UNSPECIFIED)}. */
  public sealed interface Algorithm permits Simple, ConsistentHash, BackendUtilization {}

  public record Simple(Policy policy) implements Algorithm {}

  /** Named policies; {@code LEAST_CONN} is read as {@code LEAST_REQUEST}. */
  public enum Policy {
    /** Istio's default, which is least request. */
    UNSPECIFIED,
    RANDOM,
    PASSTHROUGH,
    ROUND_ROBIN,
    LEAST_REQUEST
  }

  /** The same key goes to the same endpoint. */
  public record ConsistentHash(HashKey key, HashRing ring) implements Algorithm {}

  /** What is hashed. */
  public sealed interface HashKey {
    record HttpHeader(String name) implements HashKey {}

    /**
     * A cookie, made when missing.
     *
     * @param ttl unset means that none is made; zero makes a session cookie
     */
    record HttpCookie(
        String name, String path, Optional<Duration> ttl, List<CookieAttribute> attributes)
        implements HashKey {
      public HttpCookie {
        attributes = List.copyOf(attributes);
      }
    }

    record SourceIp() implements HashKey {}

    record HttpQueryParameter(String name) implements HashKey {}

    /** Nothing is set: every request hashes alike. */
    record Unset() implements HashKey {}
  }

  public record CookieAttribute(String name, String value) {}

  /** The table behind the hash. */
  public sealed interface HashRing {
    /** Unset means 1024. */
    record Ring(OptionalLong minimumRingSize) implements HashRing {}

    /** A prime below 5000011. */
    record Maglev(long tableSize) implements HashRing {}
  }

  /** Weights from load that the endpoints report themselves. */
  public record BackendUtilization(
      List<String> metricNames,
      Optional<Double> errorUtilizationPenaltyPercent,
      Optional<Duration> weightUpdatePeriod,
      Optional<Duration> weightStabilizationPeriod,
      Optional<Duration> weightExpirationPeriod)
      implements Algorithm {
    public BackendUtilization {
      metricNames = List.copyOf(metricNames);
    }
  }

  /**
   * Slowly growing traffic for new endpoints.
   *
   * @param minimumPercent unset means 10
   * @param aggression unset means 1
   */
  public record Warmup(
      Duration duration, Optional<Double> minimumPercent, Optional<Double> aggression) {}
}
