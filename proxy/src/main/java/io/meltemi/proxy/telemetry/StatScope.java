package io.meltemi.proxy.telemetry;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The stats whose names begin alike, such as {@code cluster.reviews.}. Asking twice for a name
 * gives the same stat. Any thread; asking takes a table look-up, so hot paths keep what they were
 * given.
 */
public final class StatScope {
  private final String prefix;
  private final Map<String, Counter> counters = new ConcurrentHashMap<>(4);
  private final Map<String, Gauge> gauges = new ConcurrentHashMap<>(4);
  private final Map<String, Histogram> histograms = new ConcurrentHashMap<>(4);

  StatScope(String prefix) {
    this.prefix = prefix;
  }

  /** What every name in this scope begins with, its final dot included; may be empty. */
  public String prefix() {
    return prefix;
  }

  public Counter counter(String name) {
    return counters.computeIfAbsent(name, _ -> new Counter());
  }

  public Gauge gauge(String name) {
    return gauges.computeIfAbsent(name, _ -> new Gauge());
  }

  public Histogram histogram(String name) {
    return histograms.computeIfAbsent(name, _ -> new Histogram());
  }

  void visit(StatVisitor visitor) {
    counters.forEach((name, counter) -> visitor.counter(prefix, name, counter.value()));
    gauges.forEach((name, gauge) -> visitor.gauge(prefix, name, gauge.value()));
    histograms.forEach((name, histogram) -> visitor.histogram(prefix, name, histogram.read()));
  }

  void reset() {
    counters.values().forEach(Counter::reset);
    histograms.values().forEach(Histogram::reset);
  }
}
