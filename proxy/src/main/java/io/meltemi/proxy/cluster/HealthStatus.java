package io.meltemi.proxy.cluster;

/** What the endpoint source says of a host ({@code core.v3.HealthStatus}). */
public enum HealthStatus {
  UNKNOWN,
  HEALTHY,
  UNHEALTHY,
  DRAINING,
  TIMEOUT,
  DEGRADED;

  /** True when new requests may go to such a host. */
  public boolean usable() {
    return this == UNKNOWN || this == HEALTHY || this == DEGRADED;
  }
}
