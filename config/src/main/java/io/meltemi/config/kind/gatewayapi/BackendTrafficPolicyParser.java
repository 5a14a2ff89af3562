package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.kind.gatewayapi.BackendTrafficPolicy.RetryConstraint;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.yaml.ObjectReader;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads XBackendTrafficPolicy. */
public final class BackendTrafficPolicyParser {
  private static final Duration HOUR = Duration.ofHours(1);

  private BackendTrafficPolicyParser() {}

  public static BackendTrafficPolicy parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with targetRefs");
    return document
        .object("spec", BackendTrafficPolicyParser::spec)
        .orElseGet(() -> new BackendTrafficPolicy(List.of(), Optional.empty(), false));
  }

  private static BackendTrafficPolicy spec(ObjectReader spec) {
    return new BackendTrafficPolicy(
        BackendTlsPolicyParser.targetRefs(spec, false),
        spec.object("retryConstraint", BackendTrafficPolicyParser::retries),
        RouteParser.sessionPersistence(spec).isPresent());
  }

  private record Budget(OptionalInt percent, Optional<Duration> interval) {}

  private static RetryConstraint retries(ObjectReader reader) {
    Budget budget =
        reader
            .object(
                "budget",
                r ->
                    new Budget(
                        r.integer("percent", 0, 100),
                        interval(r, "interval", Duration.ofSeconds(1))))
            .orElseGet(() -> new Budget(OptionalInt.empty(), Optional.empty()));
    OptionalInt count =
        reader
            .object(
                "minRetryRate",
                r -> {
                  interval(r, "interval", Duration.ofMillis(1));
                  return r.integer("count", 1, 1_000_000);
                })
            .orElseGet(OptionalInt::empty);
    return new RetryConstraint(budget.percent(), budget.interval(), count);
  }

  private static Optional<Duration> interval(ObjectReader reader, String field, Duration min) {
    Optional<Duration> interval = Fields.duration(reader, field);
    if (interval.isPresent()
        && (interval.get().compareTo(min) < 0 || interval.get().compareTo(HOUR) > 0)) {
      reader.error(field, reader.written(field), "a duration up to one hour");
    }
    return interval;
  }
}
