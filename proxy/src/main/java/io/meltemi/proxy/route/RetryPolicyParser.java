package io.meltemi.proxy.route;

import com.google.protobuf.Struct;
import io.envoyproxy.envoy.config.route.v3.RetryPolicy.RetryBackOff;
import io.envoyproxy.envoy.config.route.v3.RetryPolicy.RetryHostPredicate;
import io.envoyproxy.envoy.config.route.v3.RetryPolicy.RetryPriority;
import io.envoyproxy.envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig;
import io.envoyproxy.envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig;
import io.meltemi.proxy.matcher.HeaderMatcherParser;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.RetryPolicy.BackOff;
import io.meltemi.proxy.route.RetryPolicy.HostSelection;
import io.meltemi.proxy.route.RetryPolicy.Retriable;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Retry policies from protos. */
final class RetryPolicyParser {
  private static final SupportedFields POLICY =
      SupportedFields.of(
          io.envoyproxy.envoy.config.route.v3.RetryPolicy.class,
          "retry_on",
          "num_retries",
          "per_try_timeout",
          "per_try_idle_timeout",
          "retry_host_predicate",
          "retry_priority",
          "host_selection_retry_max_attempts",
          "retriable_status_codes",
          "retry_back_off",
          "retriable_headers",
          "retriable_request_headers");
  private static final SupportedFields BACK_OFF =
      SupportedFields.of(RetryBackOff.class, "base_interval", "max_interval");
  private static final SupportedFields HOST_PREDICATE =
      SupportedFields.of(RetryHostPredicate.class, "name", "typed_config");
  private static final SupportedFields PRIORITY =
      SupportedFields.of(RetryPriority.class, "name", "typed_config");
  private static final String OMIT_CANARIES =
      "type.googleapis.com/envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate";
  private static final String OMIT_METADATA =
      "type.googleapis.com/envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig";
  private static final String PREVIOUS_PRIORITIES =
      "type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3"
          + ".PreviousPrioritiesConfig";
  private static final String PREVIOUS_HOSTS =
      "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";
  private static final int RETRIES_DEFAULT = 1;
  private static final int RETRIES_MAX = 1_000_000;

  private RetryPolicyParser() {}

  /** Empty only when the policy is so wrong that nothing can stand for it. */
  static Optional<RetryPolicy> parse(
      io.envoyproxy.envoy.config.route.v3.RetryPolicy proto, ParseScope scope) {
    POLICY.check(proto, scope);
    long retries =
        proto.hasNumRetries()
            ? Integer.toUnsignedLong(proto.getNumRetries().getValue())
            : RETRIES_DEFAULT;
    if (retries > RETRIES_MAX) {
      scope.field("num_retries").error(String.valueOf(retries), "at most " + RETRIES_MAX);
      return Optional.empty();
    }
    long perTry = scope.field("per_try_timeout").durationNanos(proto.getPerTryTimeout());
    long perTryIdle =
        scope.field("per_try_idle_timeout").durationNanos(proto.getPerTryIdleTimeout());
    return Optional.of(
        new RetryPolicy(
            RetryPolicy.conditions(proto.getRetryOn()),
            (int) retries,
            perTry,
            perTryIdle,
            backOff(proto, scope),
            hosts(proto, scope),
            retriable(proto, scope)));
  }

  private static BackOff backOff(
      io.envoyproxy.envoy.config.route.v3.RetryPolicy proto, ParseScope parent) {
    if (!proto.hasRetryBackOff()) {
      return BackOff.DEFAULT;
    }
    RetryBackOff times = proto.getRetryBackOff();
    ParseScope scope = parent.field("retry_back_off");
    BACK_OFF.check(times, scope);
    long base = scope.field("base_interval").durationNanos(times.getBaseInterval());
    if (base == 0) {
      scope.field("base_interval").error("0s", "more than 0");
      return BackOff.DEFAULT;
    }
    // Envoy works in whole milliseconds, at least one
    base = Math.max(base, 1_000_000);
    long max =
        times.hasMaxInterval()
            ? scope.field("max_interval").durationNanos(times.getMaxInterval())
            : base * 10;
    if (max < base) {
      scope.field("max_interval").error(max + "ns", "at least base_interval");
      return BackOff.DEFAULT;
    }
    return new BackOff(base, max);
  }

  private static HostSelection hosts(
      io.envoyproxy.envoy.config.route.v3.RetryPolicy proto, ParseScope parent) {
    boolean notPrevious = false;
    boolean noCanaries = false;
    Map<String, Object> notWith = Map.of();
    for (int i = 0; i < proto.getRetryHostPredicateCount(); i++) {
      RetryHostPredicate predicate = proto.getRetryHostPredicate(i);
      ParseScope scope = parent.field("retry_host_predicate", i);
      HOST_PREDICATE.check(predicate, scope);
      String url = predicate.getTypedConfig().getTypeUrl();
      String kind = url.isEmpty() ? predicate.getName() : url;
      switch (kind) {
        case PREVIOUS_HOSTS, "envoy.retry_host_predicates.previous_hosts" -> notPrevious = true;
        case OMIT_CANARIES, "envoy.retry_host_predicates.omit_canary_hosts" -> noCanaries = true;
        case OMIT_METADATA ->
            notWith =
                scope
                    .field("typed_config")
                    .unpack(predicate.getTypedConfig(), OmitHostMetadataConfig.class)
                    .map(
                        config ->
                            Metadata.fields(
                                config
                                    .getMetadataMatch()
                                    .getFilterMetadataOrDefault(
                                        "envoy.lb", Struct.getDefaultInstance())))
                    .orElse(Map.of());
        default -> scope.unsupported(kind);
      }
    }
    long attempts = proto.getHostSelectionRetryMaxAttempts();
    if (attempts < 0 || attempts > RETRIES_MAX) {
      parent
          .field("host_selection_retry_max_attempts")
          .error(String.valueOf(attempts), "0 to " + RETRIES_MAX);
      attempts = 0;
    }
    return new HostSelection(
        notPrevious,
        attempts == 0 ? 1 : (int) attempts,
        noCanaries,
        notWith,
        proto.hasRetryPriority() ? priorities(proto.getRetryPriority(), parent) : 0);
  }

  /** After how many tries their priorities are avoided. */
  private static int priorities(RetryPriority proto, ParseScope parent) {
    ParseScope scope = parent.field("retry_priority");
    PRIORITY.check(proto, scope);
    ParseScope config = scope.field("typed_config");
    if (!proto.getTypedConfig().getTypeUrl().equals(PREVIOUS_PRIORITIES)) {
      scope.unsupported(proto.getName() + " " + proto.getTypedConfig().getTypeUrl());
      return 0;
    }
    int frequency =
        config
            .unpack(proto.getTypedConfig(), PreviousPrioritiesConfig.class)
            .map(PreviousPrioritiesConfig::getUpdateFrequency)
            .orElse(1);
    if (frequency < 1) {
      config.field("update_frequency").error("" + frequency, "1 or more");
    }
    return frequency;
  }

  private static Retriable retriable(
      io.envoyproxy.envoy.config.route.v3.RetryPolicy proto, ParseScope scope) {
    Set<Integer> statuses = new HashSet<>();
    for (int i = 0; i < proto.getRetriableStatusCodesCount(); i++) {
      int status = proto.getRetriableStatusCodes(i);
      if (status < 100 || status > 599) {
        scope
            .field("retriable_status_codes", i)
            .error(Integer.toUnsignedString(status), "100 to 599");
      }
      statuses.add(status);
    }
    return new Retriable(
        statuses,
        HeaderMatcherParser.parseAll(proto.getRetriableHeadersList(), scope, "retriable_headers"),
        HeaderMatcherParser.parseAll(
            proto.getRetriableRequestHeadersList(), scope, "retriable_request_headers"));
  }
}
