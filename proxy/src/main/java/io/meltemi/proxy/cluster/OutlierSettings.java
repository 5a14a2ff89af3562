package io.meltemi.proxy.cluster;

/**
 * When a host is taken out ({@code config.cluster.v3.OutlierDetection}).
 *
 * @param consecutive5xx 0 never
 * @param consecutiveGatewayFailure 502, 503 and 504 in a row; 0 never
 * @param consecutiveLocalFailure failures without a response in a row, when they count apart; 0
 *     never
 * @param splitLocalFailures whether failures without a response count apart from 5xx
 * @param ejectionPercentMax of all hosts that may be out at once
 */
public record OutlierSettings(
    int consecutive5xx,
    int consecutiveGatewayFailure,
    int consecutiveLocalFailure,
    boolean splitLocalFailures,
    Timing timing,
    int ejectionPercentMax,
    boolean alwaysEjectOne) {

  /**
   * @param intervalNanos between looks at which hosts may come back
   * @param baseEjectionNanos first time out; grows by the number of times a host was out
   * @param ejectionNanosMax longest time out
   */
  public record Timing(long intervalNanos, long baseEjectionNanos, long ejectionNanosMax) {}
}
