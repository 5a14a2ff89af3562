package io.meltemi.proxy.telemetry;

/** Receives every stat of a scrape, in no particular order. */
public interface StatVisitor {
  void counter(String name, long value);

  void gauge(String name, long value);

  void histogram(String name, Distribution distribution);
}
