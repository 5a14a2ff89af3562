package io.meltemi.proxy.telemetry;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * All stats of one proxy, under Envoy's dotted names. Any thread. Stats belong to scopes; a scope
 * that is removed takes its stats along, so a mesh that changes does not grow the registry for
 * ever.
 */
public final class Stats {
  private final Map<String, StatScope> scopes = new ConcurrentHashMap<>();
  private final CopyOnWriteArrayList<StatSource> sources = new CopyOnWriteArrayList<>();
  private final StatScope root = scope("");

  /**
   * The scope of a prefix, made when absent.
   *
   * @param prefix with its final dot, such as {@code http.ingress_http.}
   */
  public StatScope scope(String prefix) {
    return scopes.computeIfAbsent(prefix, StatScope::new);
  }

  /** Forgets a scope; stats already handed out keep counting unseen. */
  public void removeScope(String prefix) {
    if (!prefix.isEmpty()) {
      scopes.remove(prefix);
    }
  }

  /** Adds values that are computed at each scrape. */
  public void addSource(StatSource source) {
    sources.add(source);
  }

  public Counter counter(String name) {
    return root.counter(name);
  }

  public Gauge gauge(String name) {
    return root.gauge(name);
  }

  public Histogram histogram(String name) {
    return root.histogram(name);
  }

  /** Shows every stat to the visitor. */
  public void visit(StatVisitor visitor) {
    scopes.values().forEach(scope -> scope.visit(visitor));
    sources.forEach(source -> source.visit(visitor));
  }

  /** Sets every counter and histogram back to zero ({@code /reset_counters}). */
  public void resetCounters() {
    scopes.values().forEach(StatScope::reset);
  }
}
