package io.meltemi.proxy.cluster;

/** Makes probes; the room above knows how to connect. Any thread. */
@FunctionalInterface
public interface HealthProbes {
  /** A probe of a host of the cluster; it connects as the cluster's traffic does. */
  HealthProbe make(Cluster cluster, HealthCheck check, Host host);
}
