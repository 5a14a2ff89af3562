package io.meltemi.proxy.cluster;

import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.cluster.v3.OutlierDetection;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;

/** Outlier detection from its proto. Any thread. */
final class OutlierDetectionParser {
  private static final SupportedFields OUTLIER =
      SupportedFields.of(
          OutlierDetection.class,
          "consecutive_5xx",
          "interval",
          "base_ejection_time",
          "max_ejection_percent",
          "enforcing_consecutive_5xx",
          "consecutive_gateway_failure",
          "enforcing_consecutive_gateway_failure",
          "split_external_local_origin_errors",
          "consecutive_local_origin_failure",
          "enforcing_consecutive_local_origin_failure",
          "max_ejection_time",
          "always_eject_one_host",
          "enforcing_success_rate",
          "enforcing_local_origin_success_rate",
          "enforcing_failure_percentage",
          "enforcing_failure_percentage_local_origin",
          "success_rate_minimum_hosts",
          "success_rate_request_volume",
          "success_rate_stdev_factor",
          "failure_percentage_threshold",
          "failure_percentage_minimum_hosts",
          "failure_percentage_request_volume",
          "max_ejection_time_jitter",
          "successful_active_health_check_uneject_host");

  private OutlierDetectionParser() {}

  static OutlierSettings parse(OutlierDetection proto, ParseScope scope) {
    OUTLIER.check(proto, scope);
    long interval =
        scope
            .field("interval")
            .durationNanos(proto.hasInterval(), proto.getInterval(), 10_000_000_000L);
    long base =
        scope
            .field("base_ejection_time")
            .durationNanos(
                proto.hasBaseEjectionTime(), proto.getBaseEjectionTime(), 30_000_000_000L);
    long max =
        scope
            .field("max_ejection_time")
            .durationNanos(
                proto.hasMaxEjectionTime(), proto.getMaxEjectionTime(), 300_000_000_000L);
    Numbers numbers = new Numbers(scope);
    return new OutlierSettings(
        new OutlierSettings.Consecutive(
            new OutlierSettings.InARow(
                numbers.count(proto.hasConsecutive5Xx(), proto.getConsecutive5Xx(), 5),
                numbers.percent(
                    "enforcing_consecutive_5xx",
                    proto.hasEnforcingConsecutive5Xx(),
                    proto.getEnforcingConsecutive5Xx(),
                    100)),
            new OutlierSettings.InARow(
                numbers.count(
                    proto.hasConsecutiveGatewayFailure(), proto.getConsecutiveGatewayFailure(), 5),
                numbers.percent(
                    "enforcing_consecutive_gateway_failure",
                    proto.hasEnforcingConsecutiveGatewayFailure(),
                    proto.getEnforcingConsecutiveGatewayFailure(),
                    0)),
            new OutlierSettings.InARow(
                numbers.count(
                    proto.hasConsecutiveLocalOriginFailure(),
                    proto.getConsecutiveLocalOriginFailure(),
                    5),
                numbers.percent(
                    "enforcing_consecutive_local_origin_failure",
                    proto.hasEnforcingConsecutiveLocalOriginFailure(),
                    proto.getEnforcingConsecutiveLocalOriginFailure(),
                    100))),
        new OutlierSettings.SuccessRate(
            numbers.count(
                proto.hasSuccessRateMinimumHosts(), proto.getSuccessRateMinimumHosts(), 5),
            numbers.count(
                proto.hasSuccessRateRequestVolume(), proto.getSuccessRateRequestVolume(), 100),
            numbers.count(
                proto.hasSuccessRateStdevFactor(), proto.getSuccessRateStdevFactor(), 1900),
            numbers.percent(
                "enforcing_success_rate",
                proto.hasEnforcingSuccessRate(),
                proto.getEnforcingSuccessRate(),
                100),
            numbers.percent(
                "enforcing_local_origin_success_rate",
                proto.hasEnforcingLocalOriginSuccessRate(),
                proto.getEnforcingLocalOriginSuccessRate(),
                100)),
        new OutlierSettings.FailurePercentage(
            numbers.percent(
                "failure_percentage_threshold",
                proto.hasFailurePercentageThreshold(),
                proto.getFailurePercentageThreshold(),
                85),
            numbers.count(
                proto.hasFailurePercentageMinimumHosts(),
                proto.getFailurePercentageMinimumHosts(),
                5),
            numbers.count(
                proto.hasFailurePercentageRequestVolume(),
                proto.getFailurePercentageRequestVolume(),
                50),
            numbers.percent(
                "enforcing_failure_percentage",
                proto.hasEnforcingFailurePercentage(),
                proto.getEnforcingFailurePercentage(),
                0),
            numbers.percent(
                "enforcing_failure_percentage_local_origin",
                proto.hasEnforcingFailurePercentageLocalOrigin(),
                proto.getEnforcingFailurePercentageLocalOrigin(),
                0)),
        proto.getSplitExternalLocalOriginErrors(),
        new OutlierSettings.Timing(
            Math.max(1_000_000, interval),
            base,
            Math.max(base, max),
            scope
                .field("max_ejection_time_jitter")
                .durationNanos(proto.getMaxEjectionTimeJitter())),
        numbers.percent(
            "max_ejection_percent",
            proto.hasMaxEjectionPercent(),
            proto.getMaxEjectionPercent(),
            10),
        proto.getAlwaysEjectOneHost().getValue(),
        !proto.hasSuccessfulActiveHealthCheckUnejectHost()
            || proto.getSuccessfulActiveHealthCheckUnejectHost().getValue());
  }

  /** Numbers with defaults. */
  private record Numbers(ParseScope scope) {
    int count(boolean present, UInt32Value value, int missing) {
      return present
          ? (int) Math.min(Integer.toUnsignedLong(value.getValue()), Integer.MAX_VALUE)
          : missing;
    }

    int percent(String field, boolean present, UInt32Value value, int missing) {
      int percent = present ? value.getValue() : missing;
      if (percent < 0 || percent > 100) {
        scope.field(field).error(Integer.toUnsignedString(percent), "0 to 100");
        return missing;
      }
      return percent;
    }
  }
}
