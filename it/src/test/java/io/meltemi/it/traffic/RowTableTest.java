package io.meltemi.it.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The table of what traffic management has to do and which cases show that it does. */
class RowTableTest {
  private static final Path ROOT = Path.of(System.getProperty("meltemi.root", "."));
  private static final Path RESOURCES = ROOT.resolve("it/src/test/resources/traffic");
  private static final Path PAGE = ROOT.resolve("docs/compatibility.md");
  private static final String BEGIN = "<!-- traffic rows: begin (generated) -->\n";
  private static final String END = "<!-- traffic rows: end -->\n";

  /** P0 and P1 rows that no case names yet. May only fall. */
  private static final int WITHOUT_CASE_MAX = 0;

  private record Row(String id, String priority, String stability, String title) {
    boolean needed() {
      return !priority.equals("P2");
    }
  }

  private static List<Row> rows() throws IOException {
    List<Row> rows = new ArrayList<>();
    Object written = TrafficCase.load(Files.readString(RESOURCES.resolve("rows.yaml"))).getFirst();
    Expectation.map(written)
        .forEach(
            (id, value) -> {
              List<Object> row = Expectation.list(value);
              rows.add(
                  new Row(id, row.get(0).toString(), row.get(1).toString(), row.get(2).toString()));
            });
    return rows;
  }

  private static Map<String, List<TrafficCase>> byRow(List<Row> rows) throws IOException {
    Map<String, List<TrafficCase>> cases = new LinkedHashMap<>();
    rows.forEach(row -> cases.put(row.id(), new ArrayList<>()));
    List<String> unknown = new ArrayList<>();
    for (TrafficCase test : TrafficCase.all(RESOURCES)) {
      for (String row : test.rows()) {
        if (cases.containsKey(row)) {
          cases.get(row).add(test);
        } else {
          unknown.add(test + ": " + row);
        }
      }
    }
    assertEquals(List.of(), unknown, "rows that rows.yaml does not have");
    return cases;
  }

  @Test
  void everyCaseNamesRows() throws IOException {
    List<String> without =
        TrafficCase.all(RESOURCES).stream()
            .filter(test -> test.rows().isEmpty() || test.doc().isBlank())
            .map(TrafficCase::toString)
            .toList();
    assertEquals(List.of(), without, "cases without rows or doc");
  }

  @Test
  void rowsWithoutCaseOnlyBecomeFewer() throws IOException {
    List<Row> rows = rows();
    Map<String, List<TrafficCase>> cases = byRow(rows);
    TreeSet<String> without = new TreeSet<>();
    for (Row row : rows) {
      if (row.needed() && cases.getOrDefault(row.id(), List.of()).isEmpty()) {
        without.add(row.id());
      }
    }
    System.out.println(without.size() + " rows of P0 and P1 without a case: " + without);
    assertTrue(
        without.size() <= WITHOUT_CASE_MAX,
        () ->
            without.size() + " rows without a case, at most " + WITHOUT_CASE_MAX + ": " + without);
  }

  @Test
  void theTableIsFresh() throws IOException {
    List<Row> rows = rows();
    Map<String, List<TrafficCase>> cases = byRow(rows);
    StringBuilder table = new StringBuilder(BEGIN);
    table.append("\n| Row | What | P | Our proxy | Envoy | Cases |\n|---|---|---|---|---|---|\n");
    for (Row row : rows) {
      List<TrafficCase> own = cases.getOrDefault(row.id(), List.of());
      long pending = own.stream().filter(test -> !test.pending().isEmpty()).count();
      String ours =
          own.isEmpty() ? "" : pending == 0 ? "yes" : pending < own.size() ? "in part" : "not yet";
      StringBuilder names = new StringBuilder();
      for (TrafficCase test : own) {
        names.append(names.isEmpty() ? "" : ", ").append(test);
        names.append(test.pending().isEmpty() ? "" : " (pending)");
      }
      table.append(
          "| %s | %s | %s | %s | %s | %s |\n"
              .formatted(
                  row.id(), row.title(), row.priority(), ours, own.isEmpty() ? "" : "yes", names));
    }
    table.append('\n').append(END);
    String page = Files.readString(PAGE);
    int begin = page.indexOf(BEGIN);
    int end = page.indexOf(END);
    assertTrue(begin >= 0 && end > begin, "docs/compatibility.md has lost the table's markers");
    String found = page.substring(begin, end + END.length());
    if (!found.equals(table.toString()) && Boolean.getBoolean("golden.update")) {
      Files.writeString(
          PAGE, page.substring(0, begin) + table + page.substring(end + END.length()));
      return;
    }
    assertEquals(
        table.toString(),
        found,
        "the table of docs/compatibility.md is stale: -Dtest=RowTableTest -Dgolden.update=true");
  }
}
