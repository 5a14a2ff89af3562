package io.meltemi.it.traffic;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * A case as its file says.
 *
 * @param area folder it is in
 * @param rows of the specification that it proves
 * @param pending why our proxy cannot do it yet; empty when it can
 */
record TrafficCase(
    String area,
    String name,
    String doc,
    List<String> rows,
    String pending,
    Map<String, Object> terms,
    List<Map<String, Object>> steps) {
  private static final List<String> KNOWN =
      List.of(
          "name",
          "doc",
          "rows",
          "pending",
          "default",
          "meshConfig",
          "networks",
          "use",
          "certificates",
          "workloads",
          "config",
          "steps");

  private static TrafficCase of(String area, Map<String, Object> terms) {
    for (String key : terms.keySet()) {
      if (!KNOWN.contains(key)) {
        throw new IllegalArgumentException("unknown in a case: " + key);
      }
    }
    List<Map<String, Object>> steps =
        Expectation.list(terms.get("steps")).stream().map(Expectation::map).toList();
    return new TrafficCase(
        area,
        String.valueOf(terms.get("name")),
        String.valueOf(terms.get("doc")),
        Expectation.list(terms.get("rows")).stream().map(String::valueOf).toList(),
        String.valueOf(terms.getOrDefault("pending", "")),
        terms,
        steps);
  }

  /** Whether it describes what holds without its configuration, or only judges documents. */
  boolean ofDefaults() {
    return Boolean.TRUE.equals(terms.get("default"))
        || steps.stream().allMatch(step -> CaseRun.JUDGEMENTS.containsAll(step.keySet()));
  }

  /** Whether it has the pods with workload certificates. */
  boolean certificates() {
    return Boolean.TRUE.equals(terms.get("certificates"));
  }

  String text(String term) {
    return String.valueOf(terms.getOrDefault(term, ""));
  }

  /** Every document of a text. */
  static List<Object> load(String yaml) {
    List<Object> documents = new ArrayList<>();
    for (Object document : new Load(LoadSettings.builder().build()).loadAllFromString(yaml)) {
      if (document != null) {
        documents.add(document);
      }
    }
    return documents;
  }

  /** Every case under a directory, by area and name. A file may hold several. */
  static List<TrafficCase> all(Path directory) throws IOException {
    Map<String, TrafficCase> cases = new LinkedHashMap<>();
    List<Path> files;
    try (Stream<Path> found = Files.walk(directory, 2)) {
      files =
          found
              .filter(file -> file.toString().endsWith(".yaml"))
              .filter(file -> directory.relativize(file).getNameCount() == 2)
              .filter(file -> !directory.relativize(file).startsWith("fixtures"))
              .sorted()
              .toList();
    }
    for (Path file : files) {
      try {
        for (Object document : load(Files.readString(file))) {
          TrafficCase read =
              of(directory.relativize(file).getName(0).toString(), Expectation.map(document));
          if (cases.putIfAbsent(read.area() + "/" + read.name(), read) != null) {
            throw new IllegalArgumentException("two cases are named " + read.name());
          }
        }
      } catch (RuntimeException e) {
        throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
      }
    }
    return List.copyOf(cases.values());
  }

  @Override
  public String toString() {
    return area + "/" + name;
  }
}
