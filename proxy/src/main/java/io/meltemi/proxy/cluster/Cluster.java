package io.meltemi.proxy.cluster;

import io.meltemi.proxy.telemetry.Stats;
import org.jspecify.annotations.Nullable;

/** One upstream cluster in force. Any thread. */
public final class Cluster {
  private final ClusterSettings settings;
  private final Stats stats;
  private final LoadBalancer loadBalancer;
  private final CircuitBreakers circuitBreakers;
  private final CircuitBreakers highPriorityCircuitBreakers;
  private final OutlierDetector outlierDetector;
  private volatile @Nullable ClusterStats clusterStats;

  public Cluster(
      ClusterSettings settings,
      LoadBalancer loadBalancer,
      OutlierDetector outlierDetector,
      Stats stats) {
    this.settings = settings;
    this.stats = stats;
    this.loadBalancer = loadBalancer;
    this.circuitBreakers = new CircuitBreakers(settings.breakers().normal());
    this.highPriorityCircuitBreakers = new CircuitBreakers(settings.breakers().high());
    this.outlierDetector = outlierDetector;
  }

  public String name() {
    return settings.name();
  }

  public ClusterSettings settings() {
    return settings;
  }

  public LoadBalancer loadBalancer() {
    return loadBalancer;
  }

  /** Limits for requests of normal priority, and for connections. */
  public CircuitBreakers circuitBreakers() {
    return circuitBreakers;
  }

  /** Limits for requests whose route has priority HIGH. */
  public CircuitBreakers highPriorityCircuitBreakers() {
    return highPriorityCircuitBreakers;
  }

  public OutlierDetector outlierDetector() {
    return outlierDetector;
  }

  /** The cluster's numbers; made at first use, because most clusters of a mesh see no traffic. */
  public ClusterStats stats() {
    ClusterStats made = clusterStats;
    if (made == null) {
      made = new ClusterStats(stats.scope("cluster." + settings.statName() + "."));
      clusterStats = made;
    }
    return made;
  }
}
