package io.meltemi.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static final Machine MACHINE =
      new Machine(
          "2026-01-02 03:04 UTC",
          "A processor",
          2,
          24,
          "Linux 6",
          Map.of("Envoy", "1.40.0"),
          List.of("HAProxy (apt-get install haproxy)"));

  private static Outcome outcome(double... pairs) {
    Outcome outcome =
        new Outcome(
            "http1",
            "a test",
            List.of(new TargetRow(1, Metric.REQUESTS_PER_CPU_SECOND, Goal.ratio(1.5, 2.0, 3.0))));
    for (int i = 0; i < pairs.length; i += 2) {
      outcome.add(Outcome.THEIRS, Map.of(Metric.REQUESTS_PER_CPU_SECOND, pairs[i]));
      outcome.add(Outcome.OURS, Map.of(Metric.REQUESTS_PER_CPU_SECOND, pairs[i + 1]));
    }
    return outcome;
  }

  @Test
  void aRowHasBothFiguresRatioGoalAndVerdict() {
    assertEquals(
        "| 1 | `http1` | requests per CPU-second | 110 (100–120) | 210 (200–220) |"
            + " 1.92 (1.83–2.00) | 1.5× / 2.0× | holds |\n",
        Report.lines(outcome(100, 200, 120, 220)));
  }

  @Test
  void oneRoundHasNoRange() {
    assertEquals(
        "| 1 | `http1` | requests per CPU-second | 100 | 100 | 1.00 (1.00–1.00) | 1.5× / 2.0× |"
            + " below floor |\n",
        Report.lines(outcome(100, 100)));
  }

  @Test
  void aRowThatCouldNotBeTakenSaysWhy() {
    Outcome refused = outcome();
    refused.add(Outcome.THEIRS, Map.of(Metric.REQUESTS_PER_CPU_SECOND, 5.0));
    refused.without(Outcome.OURS, "not served yet:\n  a | b");

    assertEquals(
        "| 1 | `http1` | requests per CPU-second | 5 | – | – | 1.5× / 2.0× |"
            + " not served yet:; a / b |\n",
        Report.lines(refused));
    assertFalse(report(refused).floorsHold());
  }

  @Test
  void aFailedScenarioIsNoVerdictEvenWithFigures() {
    Outcome failed = outcome(100, 900);
    failed.failed("failed: wrk: Non-2xx or 3xx responses: 1");

    assertEquals(Verdict.NOT_MEASURED, failed.verdict(failed.rows().getFirst()));
    assertTrue(Report.lines(failed).contains("Non-2xx"), Report.lines(failed));
  }

  @Test
  void theTableNamesMachineVersionsAndWhatIsMissing() {
    String text = report(outcome(100, 200)).markdown();

    assertTrue(text.contains("2026-01-02 03:04 UTC, 2 min 5 s"), text);
    assertTrue(text.contains("2 cores, A processor, 24 GiB, Linux 6"), text);
    assertTrue(text.contains("versions: Envoy 1.40.0"), text);
    assertTrue(text.contains("not found: HAProxy (apt-get install haproxy)"), text);
  }

  @Test
  void everyTargetHasALineThatSaysWhatHolds() {
    String text = report(outcome(100, 210)).markdown();

    assertTrue(
        text.contains(
            "| 1 | HTTP/1.1 bare, requests per CPU-second | `http1` 2.10× | held | held | missed |\n"),
        text);
    assertTrue(
        text.contains("| 9 | start to first proxied answer | – | not run | not run | not run |"),
        text);
    assertTrue(text.contains("All floors that were looked at hold."), text);
  }

  @Test
  void theWorstScenarioDecidesForItsTarget() {
    Outcome refused = outcome();
    refused.without(Outcome.OURS, "not served yet");
    String both =
        new Report(MACHINE, "", 1, List.of(outcome(100, 310), outcome(100, 140))).markdown();
    String one = new Report(MACHINE, "", 1, List.of(outcome(100, 310), refused)).markdown();

    assertTrue(
        both.contains("`http1` 3.10×, `http1` 1.40× | **broken** | missed | missed |"), both);
    assertTrue(both.contains("Not held: `http1` (requests per CPU-second): below floor\n"), both);
    assertTrue(one.contains("`http1` 3.10×, `http1` – | not measured | not measured |"), one);
  }

  @Test
  void anotherProxysFigureCanBeTheMoonshot() {
    TargetRow row =
        new TargetRow(6, Metric.CPU_MILLIS_PER_SECOND, Goal.ratio(0.8, 0.5).moonshotOf("nginx"));
    Outcome outcome = new Outcome("rate", "a test", List.of(row));
    outcome.add(Outcome.THEIRS, Map.of(Metric.CPU_MILLIS_PER_SECOND, 50.0));
    outcome.add(Outcome.OURS, Map.of(Metric.CPU_MILLIS_PER_SECOND, 20.0));

    assertEquals(Verdict.TARGET, outcome.verdict(row));

    outcome.add("nginx", Map.of(Metric.CPU_MILLIS_PER_SECOND, 21.0));

    assertEquals(Verdict.MOONSHOT, outcome.verdict(row));
  }

  @Test
  void thePageHoldsTheTableAndEveryScenario() {
    Report report = report(outcome(100, 200));

    assertTrue(report.page().contains(report.markdown()), report.page());
    assertTrue(report.page().contains("- `http1`: a test\n"), report.page());
    assertTrue(report.page().contains("`envoy` (1.40.0)"), report.page());
  }

  @Test
  void floorsHoldOrNot() {
    assertTrue(report(outcome(100, 150)).floorsHold());
    assertFalse(report(outcome(100, 149)).floorsHold());
  }

  private static Report report(Outcome outcome) {
    return new Report(MACHINE, "./meltemi bench data-plane", 125, List.of(outcome));
  }

  @Test
  void jsonHoldsEveryRound() {
    Outcome outcome = outcome(100, 200.5, 1, Double.NaN);
    outcome.without("nginx", "not \"found\"\n");

    String json = report(outcome).json();

    assertTrue(json.contains("\"requests per CPU-second\": 200.5"), json);
    assertTrue(json.contains("\"requests per CPU-second\": null"), json);
    assertTrue(json.contains("\"nginx\": \"not \\\"found\\\"\\n\""), json);
    assertEquals(
        json.chars().filter(c -> c == '{').count(), json.chars().filter(c -> c == '}').count());
    assertFalse(json.contains(",\n}"), json);
  }

  @Test
  void jsonOfEmptyThingsAndControlCharacters() {
    Json json = new Json();
    json.open('{').name("a").open('[').close(']').name("b").open('{').close('}');
    json.name("c").text("\u0001").name("d").number(-0.5).close('}');

    assertEquals(
        "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": \"\\u0001\",\n  \"d\": -0.5\n}\n",
        json.toString());
  }

  @Test
  void theMachineIsReadFromProc() throws Exception {
    assertEquals("X 1", Machine.processor(List.of("vendor: Y", "model name\t: X 1")));
    assertEquals("unknown processor", Machine.processor(List.of()));
    assertEquals(2, Machine.memoryGib(List.of("MemTotal:        2097152 kB")));
    assertEquals("1970-01-01 00:00 UTC", Machine.here(Instant.EPOCH, Map.of(), List.of()).date());
  }
}
