package io.meltemi.config.kind.destinationrule;

import io.meltemi.config.kind.destinationrule.LoadBalancer.Algorithm;
import io.meltemi.config.kind.destinationrule.LoadBalancer.BackendUtilization;
import io.meltemi.config.kind.destinationrule.LoadBalancer.ConsistentHash;
import io.meltemi.config.kind.destinationrule.LoadBalancer.CookieAttribute;
import io.meltemi.config.kind.destinationrule.LoadBalancer.HashKey;
import io.meltemi.config.kind.destinationrule.LoadBalancer.HashRing;
import io.meltemi.config.kind.destinationrule.LoadBalancer.Policy;
import io.meltemi.config.kind.destinationrule.LoadBalancer.Simple;
import io.meltemi.config.kind.destinationrule.LoadBalancer.Warmup;
import io.meltemi.config.traffic.LocalityLbParser;
import io.meltemi.config.yaml.ObjectReader;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Reads {@code loadBalancer}. */
final class LoadBalancerParser {
  private static final long TABLE_SIZE_MAX = 5_000_011;

  private LoadBalancerParser() {}

  /** The words of the field, in the order of their proto numbers. */
  private enum Word {
    UNSPECIFIED(Policy.UNSPECIFIED),
    LEAST_CONN(Policy.LEAST_REQUEST),
    RANDOM(Policy.RANDOM),
    PASSTHROUGH(Policy.PASSTHROUGH),
    ROUND_ROBIN(Policy.ROUND_ROBIN),
    LEAST_REQUEST(Policy.LEAST_REQUEST);

    private final Policy policy;

    Word(Policy policy) {
      this.policy = policy;
    }
  }

  static LoadBalancer parse(ObjectReader reader) {
    Optional<Word> simple = reader.enumeration("simple", Word.class);
    if (simple.isPresent() && simple.get() == Word.LEAST_CONN) {
      reader.warn("simple", "LEAST_CONN", "LEAST_REQUEST, which it is read as");
    }
    Optional<ConsistentHash> hash =
        reader.object("consistentHash", LoadBalancerParser::consistentHash);
    Optional<BackendUtilization> utilization =
        reader.object("backendUtilization", LoadBalancerParser::backendUtilization);
    int set =
        (simple.isPresent() ? 1 : 0)
            + (hash.isPresent() ? 1 : 0)
            + (utilization.isPresent() ? 1 : 0);
    if (set > 1) {
      reader.error("", "several policies", "one of simple, consistentHash and backendUtilization");
    }
    if (reader.has("localityLbSetting") && reader.has("zoneAwareLbSetting")) {
      reader.error(
          "zoneAwareLbSetting",
          "zoneAwareLbSetting beside localityLbSetting",
          "only one of the two");
    }
    Algorithm algorithm =
        hash.<Algorithm>map(h -> h)
            .or(() -> utilization)
            .orElseGet(
                () -> new Simple(simple.map(word -> word.policy).orElse(Policy.UNSPECIFIED)));
    return new LoadBalancer(
        algorithm,
        reader.object("localityLbSetting", LocalityLbParser::parse),
        reader.object("zoneAwareLbSetting", LocalityLbParser::zoneAware),
        warmup(reader));
  }

  private static Optional<Warmup> warmup(ObjectReader reader) {
    Optional<Warmup> warmup = reader.object("warmup", LoadBalancerParser::warmupBlock);
    Optional<Duration> older = reader.durationMillis("warmupDurationSecs");
    if (older.isPresent()) {
      reader.warn(
          "warmupDurationSecs",
          reader.written("warmupDurationSecs"),
          "warmup.duration; this is deprecated");
      if (warmup.isPresent()) {
        reader.error(
            "warmupDurationSecs", "warmupDurationSecs beside warmup", "only one of the two");
      }
    }
    return warmup.or(
        () -> older.map(duration -> new Warmup(duration, Optional.empty(), Optional.empty())));
  }

  private static Warmup warmupBlock(ObjectReader reader) {
    reader.require("duration", "a duration such as 30s");
    Optional<Double> aggression = reader.number("aggression", 0, Double.MAX_VALUE);
    if (aggression.isPresent() && aggression.get() == 0) {
      reader.error("aggression", "0", "a number above 0");
    }
    return new Warmup(
        reader.durationMillis("duration").orElse(Duration.ZERO),
        reader.number("minimumPercent", 0, 100),
        aggression);
  }

  private static ConsistentHash consistentHash(ObjectReader reader) {
    List<HashKey> keys = new ArrayList<>();
    reader
        .optionalString("httpHeaderName")
        .ifPresent(
            name -> {
              if (name.isEmpty()) {
                reader.error("httpHeaderName", "\"\"", "the name of a header");
              }
              keys.add(new HashKey.HttpHeader(name));
            });
    reader.object("httpCookie", LoadBalancerParser::cookie).ifPresent(keys::add);
    reader.optionalBool("useSourceIp").ifPresent(_ -> keys.add(new HashKey.SourceIp()));
    reader
        .optionalString("httpQueryParameterName")
        .ifPresent(
            name -> {
              if (name.isEmpty()) {
                reader.error("httpQueryParameterName", "\"\"", "the name of a parameter");
              }
              keys.add(new HashKey.HttpQueryParameter(name));
            });
    if (keys.size() > 1) {
      reader.error(
          "",
          "several keys",
          "one of httpHeaderName, httpCookie, useSourceIp and httpQueryParameterName");
    }
    HashKey key = keys.isEmpty() ? new HashKey.Unset() : keys.getFirst();
    return new ConsistentHash(key, ring(reader));
  }

  private static HashRing ring(ObjectReader reader) {
    OptionalLong older = reader.longInteger("minimumRingSize", 0, Long.MAX_VALUE);
    Optional<HashRing.Ring> ring =
        reader.object(
            "ringHash",
            r -> new HashRing.Ring(r.longInteger("minimumRingSize", 0, Long.MAX_VALUE)));
    Optional<HashRing.Maglev> maglev = reader.object("maglev", LoadBalancerParser::maglev);
    if (ring.isPresent() && maglev.isPresent()) {
      reader.error("maglev", "maglev beside ringHash", "only one of the two");
    }
    if (older.isPresent()) {
      reader.warn(
          "minimumRingSize",
          reader.written("minimumRingSize"),
          "ringHash.minimumRingSize; this is deprecated");
      if (ring.isPresent() || maglev.isPresent()) {
        reader.error(
            "minimumRingSize", "minimumRingSize beside ringHash or maglev", "only one of them");
      }
    }
    if (maglev.isPresent()) {
      return maglev.get();
    }
    return ring.orElseGet(() -> new HashRing.Ring(older));
  }

  private static HashRing.Maglev maglev(ObjectReader reader) {
    reader.require("tableSize", "a prime number below " + TABLE_SIZE_MAX);
    long size = reader.longInteger("tableSize", 0, Long.MAX_VALUE).orElse(2);
    if (size >= TABLE_SIZE_MAX || !BigInteger.valueOf(size).isProbablePrime(30)) {
      reader.error(
          "tableSize", reader.written("tableSize"), "a prime number below " + TABLE_SIZE_MAX);
    }
    return new HashRing.Maglev(size);
  }

  private static HashKey.HttpCookie cookie(ObjectReader reader) {
    String name = reader.string("name");
    if (name.isEmpty()) {
      reader.error("name", "nothing", "the name of the cookie");
    }
    Set<String> names = new HashSet<>();
    List<CookieAttribute> attributes =
        reader.objects(
            "attributes",
            attribute -> {
              String attributeName = attribute.string("name");
              if (attributeName.isEmpty()) {
                attribute.error("name", "nothing", "the name of an attribute");
              } else if (!names.add(attributeName)) {
                attribute.error("name", '"' + attributeName + '"', "each attribute once");
              }
              return new CookieAttribute(attributeName, attribute.string("value"));
            });
    return new HashKey.HttpCookie(name, reader.string("path"), reader.duration("ttl"), attributes);
  }

  private static BackendUtilization backendUtilization(ObjectReader reader) {
    return new BackendUtilization(
        reader.strings("metricNamesForComputingUtilization"),
        reader.number("errorUtilizationPenaltyPercent", 0, Double.MAX_VALUE),
        reader.duration("weightUpdatePeriod"),
        reader.duration("weightStabilizationPeriod"),
        reader.duration("weightExpirationPeriod"));
  }
}
