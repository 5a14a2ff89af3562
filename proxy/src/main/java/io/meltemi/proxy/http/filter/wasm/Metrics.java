package io.meltemi.proxy.http.filter.wasm;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.Histogram;
import io.meltemi.proxy.telemetry.StatScope;
import java.util.ArrayList;
import java.util.List;

/** The statistics that a module defines. Thread of the machine. */
final class Metrics {
  private static final int MAX = 1000;
  private static final int NAME_CHARS_MAX = 1024;

  private final StatScope scope;
  private final List<Metric> metrics = new ArrayList<>();

  /**
   * @param scope shared with all modules, as in Envoy
   */
  Metrics(StatScope scope) {
    this.scope = scope;
  }

  private sealed interface Metric {
    record Count(Counter counter) implements Metric {}

    record Level(Gauge gauge) implements Metric {}

    record Times(Histogram histogram) implements Metric {}

    record None() implements Metric {}
  }

  int define(int type, String name, WasmVm vm, long address) {
    if (metrics.size() >= MAX || name.isEmpty() || name.length() > NAME_CHARS_MAX) {
      return WasmStatus.INTERNAL_FAILURE;
    }
    switch (type) {
      case 0 -> metrics.add(new Metric.Count(scope.counter(name)));
      case 1 -> metrics.add(new Metric.Level(scope.gauge(name)));
      case 2 -> metrics.add(new Metric.Times(scope.histogram(name)));
      default -> {
        return WasmStatus.BAD_ARGUMENT;
      }
    }
    return vm.putInt(address, metrics.size());
  }

  private Metric metric(int id) {
    return id < 1 || id > metrics.size() ? new Metric.None() : metrics.get(id - 1);
  }

  int increment(int id, long amount) {
    return switch (metric(id)) {
      case Metric.Count(Counter counter) -> {
        if (amount < 0) {
          yield WasmStatus.BAD_ARGUMENT;
        }
        counter.add(amount);
        yield WasmStatus.OK;
      }
      case Metric.Level(Gauge gauge) -> {
        gauge.add(amount);
        yield WasmStatus.OK;
      }
      case Metric.Times _ -> WasmStatus.BAD_ARGUMENT;
      case Metric.None _ -> WasmStatus.NOT_FOUND;
    };
  }

  int record(int id, long value) {
    switch (metric(id)) {
      case Metric.Count(Counter counter) -> counter.add(Math.max(0, value));
      case Metric.Level(Gauge gauge) -> gauge.set(value);
      case Metric.Times(Histogram histogram) -> histogram.record(value);
      case Metric.None _ -> {
        return WasmStatus.NOT_FOUND;
      }
    }
    return WasmStatus.OK;
  }

  int get(int id, WasmVm vm, long address) {
    return switch (metric(id)) {
      case Metric.Count(Counter counter) -> vm.putLong(address, counter.value());
      case Metric.Level(Gauge gauge) -> vm.putLong(address, gauge.value());
      case Metric.Times _ -> WasmStatus.BAD_ARGUMENT;
      case Metric.None _ -> WasmStatus.NOT_FOUND;
    };
  }
}
