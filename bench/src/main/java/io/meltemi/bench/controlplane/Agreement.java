package io.meltemi.bench.controlplane;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What two simulators say of the same control plane, as Markdown.
 *
 * @param cell services and proxies, such as {@code 1000 × 1000}
 * @param one the first, whose figures are the measure
 */
record Agreement(String cell, String oneName, Measured one, String otherName, Measured other) {
  private static final double APART_MAX = 0.15;

  String markdown() {
    StringBuilder text = new StringBuilder();
    text.append(
        "| %s | MB, %s | MB, %s | ratio | CPU-s, %s | CPU-s, %s | ratio |%n"
            .formatted(cell, oneName, otherName, oneName, otherName));
    text.append("|---|---|---|---|---|---|---|\n");
    for (Phase phase : Phase.values()) {
      Cost first = one.costs().get(phase);
      Cost second = other.costs().get(phase);
      if (first != null && second != null) {
        text.append(
            row(
                phase.title,
                new double[] {first.megabytes(), second.megabytes()},
                new double[] {first.cpuSeconds(), second.cpuSeconds()}));
      }
    }
    text.append(
        row(
            "together",
            new double[] {megabytes(one), megabytes(other)},
            new double[] {cpu(one), cpu(other)}));
    text.append(
        "\nEach sidecar has: %s (%s); %s (%s).%n"
            .formatted(one.holdings(), oneName, other.holdings(), otherName));
    return text.toString();
  }

  private static String row(String title, double[] megabytes, double[] cpu) {
    return String.format(
        Locale.ROOT,
        "| %s | %.1f | %.1f | %.2f | %.2f | %.2f | %.2f |%n",
        title,
        megabytes[0],
        megabytes[1],
        megabytes[1] / megabytes[0],
        cpu[0],
        cpu[1],
        cpu[1] / cpu[0]);
  }

  /** In what they are too far apart, one sentence each. */
  List<String> broken() {
    List<String> broken = new ArrayList<>();
    check(broken, "MB", megabytes(other) / megabytes(one));
    check(broken, "CPU-s", cpu(other) / cpu(one));
    if (!one.holdings().equals(other.holdings())) {
      broken.add(cell + ": sidecars have " + one.holdings() + " and " + other.holdings());
    }
    return broken;
  }

  private void check(List<String> broken, String what, double ratio) {
    if (Math.abs(ratio - 1) > APART_MAX) {
      broken.add(
          String.format(
              Locale.ROOT,
              "%s: %.2f of the %s of %s with %s (at most %.2f apart)",
              cell,
              ratio,
              what,
              oneName,
              otherName,
              APART_MAX));
    }
  }

  private static double megabytes(Measured measured) {
    return measured.costs().values().stream().mapToDouble(Cost::megabytes).sum();
  }

  private static double cpu(Measured measured) {
    return measured.costs().values().stream().mapToDouble(Cost::cpuSeconds).sum();
  }
}
