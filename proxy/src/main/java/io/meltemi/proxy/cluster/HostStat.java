package io.meltemi.proxy.cluster;

/** The numbers kept per host, as {@code /clusters} prints them. */
public enum HostStat {
  CX_ACTIVE(true),
  CX_CONNECT_FAIL(false),
  CX_TOTAL(false),
  RQ_ACTIVE(true),
  RQ_ERROR(false),
  RQ_SUCCESS(false),
  RQ_TIMEOUT(false),
  RQ_TOTAL(false);

  private final boolean gauge;
  private final String text = name().toLowerCase(java.util.Locale.ROOT);

  HostStat(boolean gauge) {
    this.gauge = gauge;
  }

  /** True when the number goes down as well. */
  public boolean gauge() {
    return gauge;
  }

  /** Envoy's name, such as {@code rq_total}. */
  public String text() {
    return text;
  }
}
