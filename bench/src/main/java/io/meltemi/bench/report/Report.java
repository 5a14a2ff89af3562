package io.meltemi.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A run as text: Markdown that is also legible in a terminal.
 *
 * @param machine where it was made
 * @param command what was typed
 * @param seconds how long it took
 * @param outcomes in the order they were taken
 */
public record Report(Machine machine, String command, long seconds, List<Outcome> outcomes) {
  private static final List<String> OTHERS = List.of("nginx", "HAProxy");
  private static final int VERDICT_MAX = 90;
  private static final int REMARK_MAX = 500;

  /** What an idle machine's other processes need. */
  private static final double QUIET_CORES = 0.1;

  public Report {
    outcomes = List.copyOf(outcomes);
  }

  /** Whether some figure stays below its floor or could not be taken though it has one. */
  public boolean floorsHold() {
    return outcomes.stream()
        .allMatch(
            outcome ->
                outcome.rows().stream()
                    .filter(row -> row.goal().floor().isPresent())
                    .map(outcome::verdict)
                    .noneMatch(v -> v == Verdict.BELOW_FLOOR || v == Verdict.NOT_MEASURED));
  }

  public String markdown() {
    StringBuilder text = new StringBuilder();
    text.append(head());
    text.append(main(true));
    text.append('\n').append(Targets.table(outcomes));
    String broken = Targets.broken(outcomes);
    text.append('\n')
        .append(broken.isEmpty() ? "All floors that were looked at hold." : "Not held: " + broken)
        .append('\n');
    text.append('\n').append(side());
    String remarks = remarks();
    if (!remarks.isEmpty()) {
      text.append('\n').append(remarks);
    }
    return text.toString();
  }

  /** The table with what a reader needs around it: {@code docs/benchmarks.md}. */
  public String page() {
    return Page.of(this);
  }

  private String head() {
    String versions =
        machine.versions().entrySet().stream()
            .map(version -> version.getKey() + " " + version.getValue())
            .collect(Collectors.joining(", "));
    double low = outcomes.stream().mapToDouble(Outcome::loadAverage).min().orElse(0);
    double high = outcomes.stream().mapToDouble(Outcome::loadAverage).max().orElse(0);
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "`%s`, %s, %d min %d s  %n",
            command,
            machine.date(),
            seconds / 60,
            seconds % 60));
    text.append(
        String.format(
            Locale.ROOT,
            "machine: %d cores, %s, %.0f GiB, %s; load average %.1f to %.1f; processes outside this"
                + " run kept %.1f to %.1f cores busy  %n",
            machine.cores(),
            machine.processor(),
            machine.memoryGib(),
            machine.kernel(),
            low,
            high,
            outcomes.stream().mapToDouble(Outcome::othersCores).min().orElse(0),
            outcomes.stream().mapToDouble(Outcome::othersCores).max().orElse(0)));
    text.append("versions: ").append(versions).append("  \n");
    text.append("not found: ")
        .append(machine.missing().isEmpty() ? "–" : String.join("; ", machine.missing()))
        .append("\n\n");
    return text.toString();
  }

  private String main(boolean header) {
    StringBuilder text = new StringBuilder();
    if (header) {
      text.append(
          "| # | scenario | figure, median (range) | Envoy | Meltemi | ratio, pair by pair | floor / target | verdict |\n");
      text.append("|---|---|---|---|---|---|---|---|\n");
    }
    outcomes.forEach(outcome -> text.append(lines(outcome)));
    return text.toString();
  }

  /** The lines of one scenario, one for each of its target rows. */
  public static String lines(Outcome outcome) {
    StringBuilder text = new StringBuilder();
    for (TargetRow row : outcome.rows()) {
      Verdict verdict = outcome.verdict(row);
      String shown = verdict.text();
      if (verdict == Verdict.NOT_MEASURED) {
        shown = cell(outcome.trouble().orElse("nothing to compare with"), VERDICT_MAX);
      }
      text.append(
          line(
              row.number() == 0 ? "–" : Integer.toString(row.number()),
              "`" + outcome.scenario() + "`",
              row.metric().title(),
              figure(outcome, Outcome.THEIRS, row.metric()),
              figure(outcome, Outcome.OURS, row.metric()),
              outcome
                  .ratio(row.metric())
                  .map(
                      r ->
                          String.format(
                              Locale.ROOT, "%.2f (%.2f–%.2f)", r.median(), r.low(), r.high()))
                  .orElse("–"),
              row.goal().text(),
              shown));
    }
    return text.toString();
  }

  /** Everybody's second figures: throughput, kernel share, memory, allocation, and the others. */
  private String side() {
    StringBuilder text = new StringBuilder();
    text.append(
        "| scenario | proxy | figure | per second | kernel | PSS, MiB | allocated per request | GC |\n");
    text.append("|---|---|---|---|---|---|---|---|\n");
    for (Outcome outcome : outcomes) {
      if (outcome.rows().isEmpty()) {
        continue;
      }
      Metric metric = outcome.rows().getFirst().metric();
      List<String> peers = new ArrayList<>(outcome.rounds().keySet());
      for (String peer : peers) {
        if (outcome.spread(peer, metric).isEmpty()) {
          continue;
        }
        text.append(
            line(
                "`" + outcome.scenario() + "`",
                peer,
                figure(outcome, peer, metric)
                    + (OTHERS.contains(peer) ? against(outcome, peer) : ""),
                median(outcome, peer, Metric.PER_SECOND),
                outcome
                    .spread(peer, Metric.KERNEL_SHARE)
                    .map(s -> String.format(Locale.ROOT, "%.0f %%", 100 * s.median()))
                    .orElse("–"),
                median(outcome, peer, Metric.PSS_MIB),
                median(outcome, peer, Metric.ALLOCATED_BYTES),
                collections(outcome, peer)));
      }
    }
    return text.toString();
  }

  private static String against(Outcome outcome, String peer) {
    Metric metric = outcome.rows().getFirst().metric();
    Optional<Spread> ours = outcome.spread(Outcome.OURS, metric);
    Optional<Spread> other = outcome.spread(peer, metric);
    return ours.isPresent() && other.isPresent()
        ? String.format(
            Locale.ROOT, "; Meltemi %.2f× of it", ours.get().median() / other.get().median())
        : "";
  }

  private static String collections(Outcome outcome, String peer) {
    Optional<Spread> count = outcome.spread(peer, Metric.COLLECTIONS);
    Optional<Spread> millis = outcome.spread(peer, Metric.COLLECTION_MILLIS);
    return count.isPresent() && millis.isPresent()
        ? String.format(Locale.ROOT, "%.0f in %.0f ms", count.get().median(), millis.get().median())
        : "–";
  }

  private String remarks() {
    StringBuilder text = new StringBuilder();
    for (Outcome outcome : outcomes) {
      outcome
          .reasons()
          .forEach(
              (peer, reason) ->
                  text.append("- `")
                      .append(outcome.scenario())
                      .append("`: ")
                      .append(peer)
                      .append(": ")
                      .append(cell(reason, REMARK_MAX))
                      .append('\n'));
      if (outcome.othersCores() > QUIET_CORES) {
        text.append(
            String.format(
                Locale.ROOT,
                "- `%s`: noisy: other processes kept %.1f cores busy%n",
                outcome.scenario(),
                outcome.othersCores()));
      }
      outcome
          .notes()
          .forEach(
              note ->
                  text.append("- `")
                      .append(outcome.scenario())
                      .append("`: ")
                      .append(note)
                      .append('\n'));
    }
    return text.toString();
  }

  private static String figure(Outcome outcome, String peer, Metric metric) {
    return outcome
        .spread(peer, metric)
        .map(
            s ->
                s.low() == s.high()
                    ? metric.format(s.median())
                    : metric.format(s.median())
                        + " ("
                        + metric.format(s.low())
                        + "–"
                        + metric.format(s.high())
                        + ")")
        .orElse("–");
  }

  private static String median(Outcome outcome, String peer, Metric metric) {
    return outcome.spread(peer, metric).map(s -> metric.format(s.median())).orElse("–");
  }

  private static String line(String... cells) {
    return Stream.of(cells).collect(Collectors.joining(" | ", "| ", " |\n"));
  }

  /** Text that stays within its cell: one line, no bars, not too long. */
  static String cell(String text, int charactersMax) {
    String flat = text.strip().replaceAll("\\s*\\R\\s*", "; ").replace('|', '/');
    return flat.length() > charactersMax ? flat.substring(0, charactersMax) + "…" : flat;
  }

  /** Every raw round. */
  public String json() {
    Json json = new Json();
    json.open('{');
    json.name("command").text(command);
    json.name("seconds").number((double) seconds);
    json.name("machine").open('{');
    json.name("date").text(machine.date());
    json.name("processor").text(machine.processor());
    json.name("cores").number(machine.cores());
    json.name("memoryGib").number(machine.memoryGib());
    json.name("kernel").text(machine.kernel());
    json.name("versions").open('{');
    machine.versions().forEach((name, version) -> json.name(name).text(version));
    json.close('}');
    json.name("missing").open('[');
    machine.missing().forEach(json::text);
    json.close(']').close('}');
    json.name("scenarios").open('[');
    outcomes.forEach(outcome -> write(outcome, json));
    json.close(']').close('}');
    return json.toString();
  }

  private static void write(Outcome outcome, Json json) {
    json.open('{');
    json.name("name").text(outcome.scenario());
    json.name("loadAverage").number(outcome.loadAverage());
    json.name("othersCores").number(outcome.othersCores());
    outcome.trouble().ifPresent(reason -> json.name("trouble").text(reason));
    json.name("rows").open('[');
    for (TargetRow row : outcome.rows()) {
      json.open('{');
      json.name("target").number(row.number());
      json.name("figure").text(row.metric().title());
      json.name("verdict").text(outcome.verdict(row).text());
      outcome.ratio(row.metric()).ifPresent(r -> json.name("ratio").number(r.median()));
      json.close('}');
    }
    json.close(']');
    json.name("without").open('{');
    outcome.reasons().forEach((peer, reason) -> json.name(peer).text(reason));
    json.close('}');
    json.name("peers").open('{');
    outcome
        .rounds()
        .forEach(
            (peer, rounds) -> {
              json.name(peer).open('[');
              for (Map<Metric, Double> round : rounds) {
                json.open('{');
                for (Metric metric : new TreeSet<>(round.keySet())) {
                  json.name(metric.title()).number(round.getOrDefault(metric, 0.0));
                }
                json.close('}');
              }
              json.close(']');
            });
    json.close('}').close('}');
  }
}
