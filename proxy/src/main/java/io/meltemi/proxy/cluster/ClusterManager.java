package io.meltemi.proxy.cluster;

import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The clusters in force, by name. Reading is one volatile read and one table look-up, safe on any
 * thread; one configuration thread writes.
 */
public final class ClusterManager {
  private volatile Map<String, Cluster> clusters = Map.of();

  /** The cluster of that name; null when there is none (Envoy's {@code NC}). */
  public @Nullable Cluster get(String name) {
    return clusters.get(name);
  }

  public Collection<Cluster> all() {
    return clusters.values();
  }

  /** Puts another set of clusters in force at once. */
  public void replaceAll(Map<String, Cluster> newClusters) {
    clusters = Map.copyOf(newClusters);
  }
}
