package io.meltemi.proxy.telemetry;

/** Values that are computed when asked for instead of being kept. Called on the scraping thread. */
public interface StatSource {
  void visit(StatVisitor visitor);
}
