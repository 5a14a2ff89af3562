package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.meltemi.common.validation.Violation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What the configurations of a corpus are refused for, counted by field and value. */
final class Refusals {
  private static final int FOUND_CHARS_MAX = 120;
  private static final int EXAMPLES_MAX = 3;

  private final Map<String, TreeSet<String>> reasons = new TreeMap<>();

  /** Reads a bootstrap as {@code --mode validate} does; every problem, or none. */
  static List<Violation> validate(Path file) {
    try {
      Proxy.validate(
          new ProxySettings(
              Optional.of(file),
              "",
              1,
              ProxySettings.NodeOverrides.NONE,
              ProxySettings.Logging.DEFAULT,
              true,
              Optional.empty(),
              Duration.ZERO),
          ProxyEnvironment.ofProcess());
      return List.of();
    } catch (ProxyStartException e) {
      return e.errors();
    }
  }

  /**
   * Reads a bootstrap and counts each problem, which must name something.
   *
   * @param name of the case
   * @return whether there is none
   */
  boolean isServed(Path file, String name) {
    List<Violation> errors = validate(file);
    for (Violation error : errors) {
      assertFalse(error.found().isBlank() && error.path().isBlank(), error::toString);
      reasons.computeIfAbsent(kind(error), _ -> new TreeSet<>()).add(name);
    }
    return errors.isEmpty();
  }

  /** The last field, without its index, and what stood there. */
  private static String kind(Violation error) {
    String[] fields = error.path().replaceAll("\\[[^]]*]", "").split("\\.");
    String found = error.found();
    return fields[fields.length - 1]
        + ": "
        + found.substring(0, Math.min(FOUND_CHARS_MAX, found.length()))
        + " | "
        + error.expected();
  }

  /** Prints the reasons, the most frequent first. */
  void print() {
    reasons.entrySet().stream()
        .sorted(Comparator.comparingInt(entry -> -entry.getValue().size()))
        .forEach(
            entry ->
                System.out.println(
                    "%4d  %s  (%s)"
                        .formatted(
                            entry.getValue().size(),
                            entry.getKey(),
                            entry.getValue().stream()
                                .limit(EXAMPLES_MAX)
                                .collect(Collectors.joining(", ")))));
  }
}
