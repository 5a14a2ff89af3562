package io.meltemi.proxy.cluster;

/** All that is known of a host's health in one word. */
public enum HostHealth {
  HEALTHY,
  /** Used when the healthy hosts are not enough. */
  DEGRADED,
  UNHEALTHY
}
