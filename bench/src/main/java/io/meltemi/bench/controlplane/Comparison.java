package io.meltemi.bench.controlplane;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * A run beside the reference's, as Markdown.
 *
 * @param cell services and proxies, such as {@code 1000 × 1000}
 * @param reference empty where it was not measured
 */
record Comparison(String cell, Measured ours, Measured reference) {
  /** Share of bytes that a proxy had already. */
  private static final double HELD_FLOOR = 0.05;

  /** Shares of the reference's resident memory, all connected. */
  private static final double[] RESIDENT = {0.5, 0.25, 256.0 / 1936};

  String markdown() {
    StringBuilder text = new StringBuilder();
    text.append("| ")
        .append(cell)
        .append(
            " | CPU-s | ratio | last proxy, ms | ratio | MB | had already | peak RSS, MiB | ratio"
                + " | allowed: floor / target / moonshot | verdict |\n");
    text.append("|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (Phase phase : Phase.values()) {
      Cost cost = ours.costs().get(phase);
      if (cost != null) {
        text.append(row(phase, cost));
      }
    }
    ours.residentMegabytes()
        .ifPresent(
            resident ->
                text.append(
                    String.format(
                        Locale.ROOT,
                        "| resident, all connected | – | – | – | – | – | – | %.0f | %s | %s | %s |%n",
                        resident,
                        ratio(residentRatio(resident)),
                        allowed(RESIDENT[0], RESIDENT[1], RESIDENT[2]),
                        verdict(residentRatio(resident), RESIDENT))));
    return text.toString();
  }

  private String row(Phase phase, Cost cost) {
    Cost theirs = reference.costs().get(phase);
    OptionalDouble cpu = share(cost.cpuSeconds(), theirs == null ? 0 : theirs.cpuSeconds());
    OptionalDouble last = share(cost.lastMillis(), theirs == null ? 0 : theirs.lastMillis());
    OptionalDouble peak = share(cost.peakMegabytes(), theirs == null ? 0 : theirs.peakMegabytes());
    return String.format(
        Locale.ROOT,
        "| %s | %.2f | %s | %.0f | %s | %.1f | %s | %.0f | %s | %s | %s |%n",
        phase.title,
        cost.cpuSeconds(),
        ratio(cpu),
        cost.lastMillis(),
        ratio(last),
        cost.megabytes(),
        cost.heldMegabytes() < 0
            ? "–"
            : percent(cost.heldMegabytes() / Math.max(cost.megabytes(), 1e-9)),
        cost.peakMegabytes(),
        ratio(peak),
        allowed(phase.floor, phase.target, phase.moonshot),
        verdict(cpu, new double[] {phase.floor, phase.target, phase.moonshot}));
  }

  private OptionalDouble residentRatio(double resident) {
    return share(resident, reference.residentMegabytes().orElse(0));
  }

  private static OptionalDouble share(double value, double of) {
    return of <= 0 ? OptionalDouble.empty() : OptionalDouble.of(value / of);
  }

  private static String ratio(OptionalDouble ratio) {
    return ratio.isEmpty() ? "–" : String.format(Locale.ROOT, "%.2f", ratio.getAsDouble());
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", share * 100);
  }

  private static String allowed(double floor, double target, double moonshot) {
    return String.format(Locale.ROOT, "%.2f / %.2f / %.2f", floor, target, moonshot);
  }

  private static String verdict(OptionalDouble ratio, double[] bounds) {
    if (ratio.isEmpty()) {
      return "no reference";
    }
    double value = ratio.getAsDouble();
    return value <= bounds[2]
        ? "holds (moonshot)"
        : value <= bounds[1] ? "holds (target)" : value <= bounds[0] ? "holds" : "below the floor";
  }

  /** What is not held, one sentence each; empty when all floors hold. */
  List<String> broken() {
    List<String> broken = new ArrayList<>();
    ours.costs()
        .forEach(
            (phase, cost) -> {
              double held = cost.heldMegabytes() / Math.max(cost.megabytes(), 1e-9);
              if (held > HELD_FLOOR) {
                broken.add(
                    "%s: %s of the bytes were there already (at most 5 %%)"
                        .formatted(phase.title, percent(held)));
              }
              Cost theirs = reference.costs().get(phase);
              if (theirs == null) {
                return;
              }
              check(broken, phase.title + ", CPU", cost.cpuSeconds() / theirs.cpuSeconds(), phase);
              check(
                  broken,
                  phase.title + ", last proxy",
                  cost.lastMillis() / theirs.lastMillis(),
                  phase);
            });
    Cost cold = ours.costs().get(Phase.CONNECT_COLD);
    Cost theirs = reference.costs().get(Phase.CONNECT_COLD);
    if (cold != null && theirs != null) {
      check(
          broken,
          Phase.CONNECT_COLD.title + ", peak RSS",
          cold.peakMegabytes() / theirs.peakMegabytes(),
          Phase.CONNECT_COLD);
    }
    ours.residentMegabytes()
        .ifPresent(
            resident -> {
              OptionalDouble ratio = residentRatio(resident);
              if (ratio.isPresent() && ratio.getAsDouble() > RESIDENT[0]) {
                broken.add(
                    "resident memory: %.2f (at most %.2f)"
                        .formatted(ratio.getAsDouble(), RESIDENT[0]));
              }
            });
    return broken;
  }

  private static void check(List<String> broken, String what, double ratio, Phase phase) {
    if (ratio > phase.floor) {
      broken.add(
          String.format(
              Locale.ROOT, "%s: %.2f of the reference (at most %.2f)", what, ratio, phase.floor));
    }
  }
}
