package io.meltemi.bench.controlplane;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Costs by phase, of a run or of the reference's.
 *
 * @param costs of the phases that there were
 * @param residentMegabytes with all streams connected and idle
 * @param ready streams that had their whole configuration, such as {@code 1000/1000}; empty when it
 *     is not told
 * @param holdings the most resources that a stream has, such as {@code 126 clusters, 121 endpoint
 *     sets, 25 listeners, 4 route configurations}; empty when it is not told
 */
record Measured(
    Map<Phase, Cost> costs, OptionalDouble residentMegabytes, String ready, String holdings) {
  private static final Pattern ROW =
      Pattern.compile(
          "^\\s*(storm|endpoint|route|service|mesh|reconnect)\\s+\\d+\\s+\\d+\\s+\\d+\\s+\\d+\\s+"
              + "(\\d+)\\s+\\d+\\s+([\\d.]+)\\s+([\\d.]+)\\s+(\\d+)\\s*$");
  private static final Pattern HELD =
      Pattern.compile("^\\s*(\\w+), last round: .*; ([\\d.]+) of [\\d.]+ MB had not changed;.*");
  private static final Pattern IDLE = Pattern.compile("^idle: .* RSS (\\d+) MB.*");
  private static final Pattern HOLDINGS =
      Pattern.compile("^per proxy: (.* route configurations); .*");
  private static final Pattern READY = Pattern.compile("^storm: (\\d+/\\d+) ready.*");

  /** Reads what the simulator prints. */
  static Measured ofSimulator(String output) {
    Map<Phase, Cost> costs = new EnumMap<>(Phase.class);
    OptionalDouble resident = OptionalDouble.empty();
    String ready = "";
    String holdings = "";
    for (String line : output.lines().toList()) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        Phase phase = Phase.simulatedAs(row.group(1)).orElseThrow();
        costs.put(
            phase,
            new Cost(
                Double.parseDouble(row.group(3)),
                Double.parseDouble(row.group(2)) - phase.debounceMillis(),
                Double.parseDouble(row.group(4)),
                -1,
                Double.parseDouble(row.group(5))));
      }
      Matcher held = HELD.matcher(line);
      if (held.matches()) {
        double megabytes = Double.parseDouble(held.group(2));
        Phase.simulatedAs(held.group(1))
            .ifPresent(
                phase -> costs.computeIfPresent(phase, (_, cost) -> withHeld(cost, megabytes)));
      }
      Matcher idle = IDLE.matcher(line);
      if (idle.matches()) {
        resident = OptionalDouble.of(Double.parseDouble(idle.group(1)));
      }
      Matcher all = READY.matcher(line);
      if (all.matches()) {
        ready = all.group(1);
      }
      Matcher most = HOLDINGS.matcher(line);
      if (most.matches()) {
        holdings = most.group(1);
      }
    }
    return new Measured(costs, resident, ready, holdings);
  }

  /** Reads what our own swarm prints. */
  static Measured ofSwarm(String output) {
    Map<Phase, Cost> costs = new EnumMap<>(Phase.class);
    OptionalDouble resident = OptionalDouble.empty();
    String ready = "";
    String holdings = "";
    for (String line : output.lines().toList()) {
      String[] parts = line.split("\t", -1);
      if (parts.length < 2) {
        continue;
      }
      switch (parts[0]) {
        case "storm ready" -> ready = parts[1];
        case "holdings" -> holdings = parts[1];
        case "resident" -> resident = OptionalDouble.of(Double.parseDouble(parts[1]));
        default ->
            Phase.simulatedAs(parts[0]).ifPresent(phase -> costs.put(phase, cost(phase, parts)));
      }
    }
    return new Measured(costs, resident, ready, holdings);
  }

  /** The means of several runs' costs; the rest is that of the last. */
  static Measured mean(List<Measured> runs) {
    Map<Phase, Cost> costs = new EnumMap<>(Phase.class);
    Measured last = runs.getLast();
    for (Phase phase : last.costs.keySet()) {
      List<Cost> all =
          runs.stream().flatMap(run -> Stream.ofNullable(run.costs.get(phase))).toList();
      costs.put(
          phase,
          new Cost(
              mean(all, Cost::cpuSeconds),
              mean(all, Cost::lastMillis),
              mean(all, Cost::megabytes),
              mean(all, Cost::heldMegabytes),
              mean(all, Cost::peakMegabytes)));
    }
    return new Measured(costs, last.residentMegabytes, last.ready, last.holdings);
  }

  private static double mean(List<Cost> costs, ToDoubleFunction<Cost> figure) {
    return costs.stream().mapToDouble(figure).average().orElse(0);
  }

  /** Figures such as {@code cpu=1.5}. */
  private static Cost cost(Phase phase, String[] figures) {
    Map<String, Double> values = new HashMap<>();
    for (int i = 1; i < figures.length; i++) {
      int equals = figures[i].indexOf('=');
      values.put(
          figures[i].substring(0, equals), Double.parseDouble(figures[i].substring(equals + 1)));
    }
    return new Cost(
        values.getOrDefault("cpu", 0.0),
        values.getOrDefault("last", 0.0) - phase.debounceMillis(),
        values.getOrDefault("megabytes", 0.0),
        values.getOrDefault("held", -1.0),
        values.getOrDefault("peak", 0.0));
  }

  private static Cost withHeld(Cost cost, double megabytes) {
    return new Cost(
        cost.cpuSeconds(), cost.lastMillis(), cost.megabytes(), megabytes, cost.peakMegabytes());
  }

  /**
   * Reads the first table with a cell's rows out of the baseline, and its resident memory.
   *
   * @param cell such as {@code se-1000 × 1000}
   */
  static Measured ofBaseline(String markdown, String cell) {
    Map<Phase, Cost> costs = new EnumMap<>(Phase.class);
    OptionalDouble resident = OptionalDouble.empty();
    for (String line : markdown.lines().toList()) {
      String[] cells = line.strip().split("\\s*\\|\\s*", -1);
      if (cells.length < 7 || !cells[1].equals(cell)) {
        continue;
      }
      Optional<Phase> phase = recordedAs(cells[2]);
      if (phase.isPresent() && cells.length > 9) {
        costs.putIfAbsent(
            phase.get(),
            new Cost(number(cells[7]), number(cells[6]), number(cells[8]), -1, number(cells[9])));
      } else if (phase.isEmpty() && resident.isEmpty() && cells[3].contains("/")) {
        resident = OptionalDouble.of(number(cells[3].substring(0, cells[3].indexOf('/')).strip()));
      }
    }
    return new Measured(costs, resident, "", "");
  }

  private static Optional<Phase> recordedAs(String name) {
    for (Phase phase : Phase.values()) {
      if (phase.recorded.equals(name)) {
        return Optional.of(phase);
      }
    }
    return Optional.empty();
  }

  /** Such as {@code 12.5} or {@code 83.7 k}. */
  private static double number(String text) {
    String plain = text.toLowerCase(Locale.ROOT).strip();
    return plain.endsWith("k")
        ? Double.parseDouble(plain.substring(0, plain.length() - 1).strip()) * 1000
        : Double.parseDouble(plain);
  }
}
