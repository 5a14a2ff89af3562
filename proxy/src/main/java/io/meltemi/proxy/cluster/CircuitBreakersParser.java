package io.meltemi.proxy.cluster;

import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers.Thresholds;
import io.meltemi.proxy.cluster.ClusterSettings.Breakers;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;

/** Limits of a cluster from their proto. Any thread. */
final class CircuitBreakersParser {
  private static final SupportedFields BREAKERS =
      SupportedFields.of(
          io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers.class,
          "thresholds",
          "per_host_thresholds");
  private static final SupportedFields PER_HOST =
      SupportedFields.of(Thresholds.class, "max_connections");
  private static final SupportedFields THRESHOLDS =
      SupportedFields.of(
              Thresholds.class,
              "priority",
              "max_connections",
              "max_pending_requests",
              "max_requests",
              "max_retries",
              "retry_budget",
              "track_remaining")
          .withoutEffect("the number of pools has no limit", "max_connection_pools");

  private CircuitBreakersParser() {}

  static Breakers parse(
      io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers proto, ParseScope scope) {
    BREAKERS.check(proto, scope);
    CircuitBreakers.Thresholds normal = CircuitBreakers.Thresholds.DEFAULT;
    CircuitBreakers.Thresholds high = CircuitBreakers.Thresholds.DEFAULT;
    for (int i = 0; i < proto.getThresholdsCount(); i++) {
      Thresholds thresholds = proto.getThresholds(i);
      ParseScope field = scope.field("thresholds", i);
      THRESHOLDS.check(thresholds, field);
      CircuitBreakers.Thresholds parsed = thresholds(thresholds, field);
      switch (thresholds.getPriority()) {
        case DEFAULT -> normal = parsed;
        case HIGH -> high = parsed;
        case UNRECOGNIZED ->
            field.field("priority").error("" + thresholds.getPriorityValue(), "DEFAULT or HIGH");
      }
    }
    long perHost = Breakers.DEFAULT.connectionsPerHostMax();
    for (int i = 0; i < proto.getPerHostThresholdsCount(); i++) {
      Thresholds thresholds = proto.getPerHostThresholds(i);
      PER_HOST.check(thresholds, scope.field("per_host_thresholds", i));
      perHost = limit(thresholds.hasMaxConnections(), thresholds.getMaxConnections(), perHost);
    }
    return new Breakers(normal, high, perHost);
  }

  private static CircuitBreakers.Thresholds thresholds(Thresholds proto, ParseScope scope) {
    CircuitBreakers.Thresholds defaults = CircuitBreakers.Thresholds.DEFAULT;
    CircuitBreakers.RetryBudget budget = CircuitBreakers.RetryBudget.NONE;
    if (proto.hasRetryBudget()) {
      double percent =
          proto.getRetryBudget().hasBudgetPercent()
              ? proto.getRetryBudget().getBudgetPercent().getValue()
              : budget.percent();
      if (!(percent >= 0 && percent <= 100)) {
        scope.field("retry_budget").field("budget_percent").error("" + percent, "0 to 100");
      }
      budget =
          new CircuitBreakers.RetryBudget(
              true,
              percent,
              limit(
                  proto.getRetryBudget().hasMinRetryConcurrency(),
                  proto.getRetryBudget().getMinRetryConcurrency(),
                  budget.retriesMin()));
    }
    return new CircuitBreakers.Thresholds(
        limit(proto.hasMaxConnections(), proto.getMaxConnections(), defaults.connectionsMax()),
        limit(
            proto.hasMaxPendingRequests(),
            proto.getMaxPendingRequests(),
            defaults.pendingRequestsMax()),
        limit(proto.hasMaxRequests(), proto.getMaxRequests(), defaults.requestsMax()),
        limit(proto.hasMaxRetries(), proto.getMaxRetries(), defaults.retriesMax()),
        budget,
        proto.getTrackRemaining());
  }

  private static long limit(boolean present, UInt32Value value, long missing) {
    return present ? Integer.toUnsignedLong(value.getValue()) : missing;
  }
}
