package io.meltemi.proxy;

import io.meltemi.proxy.admin.ServerState;
import io.meltemi.proxy.telemetry.Distribution;
import io.meltemi.proxy.telemetry.StatSource;
import io.meltemi.proxy.telemetry.StatVisitor;
import io.meltemi.proxy.telemetry.Stats;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** {@code server.*}, computed at each scrape. */
record ServerStats(Supplier<ServerState> state, LongSupplier uptimeNanos, int concurrency)
    implements StatSource {
  private static final String PREFIX = "server.";

  @Override
  public void visit(StatVisitor visitor) {
    Runtime runtime = Runtime.getRuntime();
    ServerState now = state.get();
    visitor.gauge(
        PREFIX,
        "state",
        switch (now) {
          case LIVE -> 0;
          case DRAINING -> 1;
          case PRE_INITIALIZING -> 2;
          case INITIALIZING -> 3;
        });
    visitor.gauge(PREFIX, "live", now == ServerState.LIVE ? 1 : 0);
    visitor.gauge(PREFIX, "uptime", uptimeNanos.getAsLong() / 1_000_000_000L);
    visitor.gauge(PREFIX, "concurrency", concurrency);
    visitor.gauge(PREFIX, "memory_allocated", runtime.totalMemory() - runtime.freeMemory());
    visitor.gauge(PREFIX, "memory_heap_size", runtime.totalMemory());
    visitor.gauge(PREFIX, "hot_restart_epoch", 0);
  }

  /** Downstream connections of all listeners. */
  static long connections(Stats stats) {
    long[] sum = {0};
    stats.visit(
        new StatVisitor() {
          @Override
          public void counter(String prefix, String name, long value) {}

          @Override
          public void gauge(String prefix, String name, long value) {
            if (prefix.startsWith("listener.") && name.equals("downstream_cx_active")) {
              sum[0] += value;
            }
          }

          @Override
          public void histogram(String prefix, String name, Distribution distribution) {}
        });
    return sum[0];
  }
}
