package io.meltemi.bench.report;

import java.util.Locale;

/** What is measured: its words, which way is better, and how many decimals it deserves. */
public enum Metric {
  REQUESTS_PER_CPU_SECOND("requests per CPU-second", true, 0),
  MESSAGES_PER_CPU_SECOND("messages per CPU-second", true, 0),
  CONNECTIONS_PER_CPU_SECOND("connections per CPU-second", true, 0),
  HANDSHAKES_PER_CPU_SECOND("handshakes per CPU-second", true, 0),
  MIB_PER_CPU_SECOND("MiB per CPU-second", true, 0),
  CPU_MILLIS_PER_SECOND("CPU ms per second", false, 1),
  P50_MILLIS("p50, ms", false, 3),
  P99_MILLIS("p99, ms", false, 3),
  P999_MILLIS("p99.9, ms", false, 3),
  PSS_MIB("PSS, MiB", false, 1),
  KIB_PER_CONNECTION("KiB per idle connection", false, 1),
  START_SECONDS("start to first answer, s", false, 3),
  WARM_UP_SECONDS("warm-up, s", false, 1),
  PER_SECOND("per second", true, 0),
  KERNEL_SHARE("kernel share", false, 2),
  SHARED_PSS_MIB("PSS as the kernel counts, MiB", false, 1),
  ALLOCATED_BYTES("bytes allocated per request", false, 1),
  COLLECTIONS("garbage collections", false, 0),
  COLLECTION_MILLIS("garbage collection, ms", false, 0);

  private final String title;
  private final boolean higherIsBetter;
  private final int decimals;

  Metric(String title, boolean higherIsBetter, int decimals) {
    this.title = title;
    this.higherIsBetter = higherIsBetter;
    this.decimals = decimals;
  }

  public String title() {
    return title;
  }

  public boolean higherIsBetter() {
    return higherIsBetter;
  }

  String format(double value) {
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  /** Whether a value is at least as good as a limit. */
  boolean reaches(double value, double limit) {
    return higherIsBetter ? value >= limit : value <= limit;
  }
}
