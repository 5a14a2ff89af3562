package io.meltemi.proxy.testing;

import io.meltemi.proxy.telemetry.Distribution;
import io.meltemi.proxy.telemetry.StatVisitor;
import io.meltemi.proxy.telemetry.Stats;
import java.util.HashMap;
import java.util.Map;

/** The counters and gauges of a proxy by their full names, as a scrape sees them. */
public final class StatValues implements StatVisitor {
  private final Map<String, Long> values = new HashMap<>();

  private StatValues() {}

  /** The value of one stat; 0 when there is none of that name. */
  public static long of(Stats stats, String name) {
    StatValues seen = new StatValues();
    stats.visit(seen);
    return seen.values.getOrDefault(name, 0L);
  }

  @Override
  public void counter(String prefix, String name, long value) {
    values.put(prefix + name, value);
  }

  @Override
  public void gauge(String prefix, String name, long value) {
    values.put(prefix + name, value);
  }

  @Override
  public void histogram(String prefix, String name, Distribution distribution) {
    // no test asks for one
  }
}
