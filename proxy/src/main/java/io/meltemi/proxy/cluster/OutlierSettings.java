package io.meltemi.proxy.cluster;

/**
 * When a host is taken out ({@code config.cluster.v3.OutlierDetection}). What is enforced at 0
 * percent is still counted as detected.
 *
 * @param splitLocalFailures whether failures without a response count apart from 5xx
 * @param ejectionPercentMax of all hosts that may be out at once
 * @param alwaysEjectOne whether one host may be out whatever that percentage
 * @param checkUnejects whether a passed active health check brings a host back
 */
public record OutlierSettings(
    Consecutive consecutive,
    SuccessRate successRate,
    FailurePercentage failurePercentage,
    boolean splitLocalFailures,
    Timing timing,
    int ejectionPercentMax,
    boolean alwaysEjectOne,
    boolean checkUnejects) {

  /**
   * So many failures in a row; 0 never.
   *
   * @param percent of such hosts that are ejected
   */
  public record InARow(int failures, int percent) {}

  /**
   * Failures in a row.
   *
   * @param gateway 502, 503 and 504
   * @param local failures without a response, when they count apart
   */
  public record Consecutive(InARow server, InARow gateway, InARow local) {}

  /**
   * Hosts that succeed far more rarely than the others.
   *
   * @param hostsMin below so many hosts nobody is compared
   * @param requestsMin in one interval, for a host to be compared
   * @param deviations below the mean by so many standard deviations, times 1000
   * @param percent of such hosts that are ejected
   * @param localPercent likewise, for failures without a response
   */
  public record SuccessRate(
      int hostsMin, long requestsMin, int deviations, int percent, int localPercent) {}

  /**
   * Hosts that fail in this percentage.
   *
   * @param threshold of failures, 0 to 100
   */
  public record FailurePercentage(
      int threshold, int hostsMin, long requestsMin, int percent, int localPercent) {}

  /**
   * @param intervalNanos between looks at which hosts may come back
   * @param baseEjectionNanos first time out; grows by the number of times a host was out
   * @param ejectionNanosMax longest time out
   * @param jitterNanosMax upper limit of a random time added to it
   */
  public record Timing(
      long intervalNanos, long baseEjectionNanos, long ejectionNanosMax, long jitterNanosMax) {}
}
