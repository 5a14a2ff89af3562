package io.meltemi.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Every target in one line: whether its floor, its target and its moonshot hold. */
final class Targets {
  private static final List<String> TITLES =
      List.of(
          "HTTP/1.1 bare, requests per CPU-second",
          "HTTP/1.1 with the full sidecar chain, requests per CPU-second",
          "TLS and mTLS, HTTP/1.1, requests per CPU-second",
          "HTTP/2 and gRPC, requests or messages per CPU-second",
          "TCP small messages / bulk bytes, per CPU-second",
          "CPU at 1 000 requests/s on 16 connections",
          "p99 / p99.9 at half of Envoy's saturation, open loop",
          "PSS idle with 100 / with 1 000 services",
          "start to first proxied answer",
          "warm-up: time until CPU per request is at most Envoy's",
          "10 000 routes matched last; 10 000 RBAC principals, requests per CPU-second");

  private Targets() {}

  static String table(List<Outcome> outcomes) {
    StringBuilder text = new StringBuilder();
    text.append(
        "| # | target | figures | floor | target | moonshot |\n|---|---|---|---|---|---|\n");
    for (int number = 1; number <= TITLES.size(); number++) {
      text.append(line(number, outcomes));
    }
    return text.toString();
  }

  private static String line(int number, List<Outcome> outcomes) {
    List<String> parts = new ArrayList<>();
    Optional<Verdict> worst = Optional.empty();
    boolean moonshot = true;
    for (Outcome outcome : outcomes) {
      for (TargetRow row : outcome.rows()) {
        if (row.number() != number) {
          continue;
        }
        Verdict verdict = outcome.verdict(row);
        moonshot &= row.goal().hasMoonshot();
        parts.add(part(outcome, row, verdict));
        if (worst.isEmpty() || verdict.compareTo(worst.get()) > 0) {
          worst = Optional.of(verdict);
        }
      }
    }
    return "| "
        + number
        + " | "
        + TITLES.get(number - 1)
        + " | "
        + (parts.isEmpty() ? "–" : String.join(", ", parts))
        + " | "
        + worst.map(verdict -> level(verdict, Verdict.FLOOR, "**broken**")).orElse("not run")
        + " | "
        + worst.map(verdict -> level(verdict, Verdict.TARGET, "missed")).orElse("not run")
        + " | "
        + (moonshot
            ? worst.map(verdict -> level(verdict, Verdict.MOONSHOT, "missed")).orElse("not run")
            : "–")
        + " |\n";
  }

  private static String part(Outcome outcome, TargetRow row, Verdict verdict) {
    String name =
        outcome.rows().stream().filter(other -> other.number() == row.number()).count() > 1
            ? row.metric().title().replace(", ms", "")
            : "`" + outcome.scenario() + "`";
    Optional<Spread> value =
        row.goal().ratio()
            ? outcome.ratio(row.metric())
            : outcome.spread(Outcome.OURS, row.metric());
    String unit = row.goal().ratio() ? "×" : " s";
    return name
        + " "
        + (verdict == Verdict.NOT_MEASURED
            ? "–"
            : value
                .map(spread -> String.format(Locale.ROOT, "%.2f%s", spread.median(), unit))
                .orElse("–"));
  }

  private static String level(Verdict verdict, Verdict wanted, String otherwise) {
    return verdict == Verdict.NOT_MEASURED
        ? "not measured"
        : verdict.compareTo(wanted) <= 0 ? "held" : otherwise;
  }

  /** Figures with a goal that miss their floor or could not be taken, one line each. */
  static String broken(List<Outcome> outcomes) {
    return outcomes.stream()
        .flatMap(
            outcome ->
                outcome.rows().stream()
                    .filter(row -> row.goal().floor().isPresent())
                    .filter(row -> outcome.verdict(row).compareTo(Verdict.BELOW_FLOOR) >= 0)
                    .map(
                        row ->
                            "`"
                                + outcome.scenario()
                                + "` ("
                                + row.metric().title()
                                + "): "
                                + outcome.verdict(row).text()))
        .collect(Collectors.joining("; "));
  }
}
