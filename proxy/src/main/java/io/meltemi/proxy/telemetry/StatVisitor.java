package io.meltemi.proxy.telemetry;

/**
 * Receives every stat of a scrape, in no particular order. A stat's full name is its scope's prefix
 * followed by its own name; the two are apart because the names of clusters hold dots themselves.
 */
public interface StatVisitor {
  void counter(String prefix, String name, long value);

  void gauge(String prefix, String name, long value);

  void histogram(String prefix, String name, Distribution distribution);
}
