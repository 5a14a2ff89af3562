package io.meltemi.embedded.process;

import java.time.Duration;

/**
 * Limits of supervision, as of a kubelet but for a person who waits.
 *
 * @param probePeriod between two looks whether a starting process is ready
 * @param backoffFirst wait before the first restart; doubled for each one after
 * @param backoffMax longest wait before a restart
 * @param stableAfter time of readiness after which the backoff starts anew
 * @param stopGrace time between asking a process to end and forcing it
 * @param logBytesMax a log longer than this is set aside (as {@code .1}) before a start
 */
public record ProcessSettings(
    Duration probePeriod,
    Duration backoffFirst,
    Duration backoffMax,
    Duration stableAfter,
    Duration stopGrace,
    long logBytesMax) {
  public static final ProcessSettings DEFAULT =
      new ProcessSettings(
          Duration.ofMillis(20),
          Duration.ofSeconds(1),
          Duration.ofSeconds(30),
          Duration.ofSeconds(30),
          Duration.ofSeconds(5),
          10L << 20);
}
