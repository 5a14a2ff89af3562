package io.meltemi.proxy.cluster;

import org.jspecify.annotations.Nullable;

/** The weight that a host's own reports give it, and for how long it has reported. Any thread. */
public final class ReportedLoad {
  private volatile @Nullable Report last;

  /** Immutable, so that its parts always belong together. */
  private record Report(int weight, long sinceNanos, long nanos) {}

  /**
   * Takes a report.
   *
   * @param weight 1 or more
   */
  public void report(int weight, long nowNanos) {
    Report known = last;
    last = new Report(weight, known == null ? nowNanos : known.sinceNanos(), nowNanos);
  }

  /**
   * The weight; 0 while there is none that counts: too new, or too old, whereupon the host has to
   * report for a while again.
   */
  public int weight(ClusterSettings.LoadReports settings, long nowNanos) {
    Report known = last;
    if (known == null) {
      return 0;
    }
    if (nowNanos - known.nanos() > settings.expirationNanos()) {
      last = null;
      return 0;
    }
    return nowNanos - known.sinceNanos() < settings.blackoutNanos() ? 0 : known.weight();
  }
}
