package io.meltemi.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.meltemi.bench.scenario.Scenario;
import io.meltemi.bench.scenario.Scenarios;
import io.meltemi.bench.scenario.Settings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArgumentsTest {
  private static Arguments parse(String line) {
    return Arguments.parse(List.of(line.split(" ")), Scenarios.EVERY);
  }

  @Test
  void withoutOptionsEverythingRuns() {
    Arguments arguments = parse("data-plane");

    assertEquals(Scenarios.EVERY, arguments.scenarios());
    assertEquals(new Settings(5, 2, 6, 32), arguments.settings());
    assertEquals(Optional.empty(), arguments.json());
  }

  @Test
  void everyOption() {
    Arguments arguments =
        parse(
            "data-plane --only start,http1 --rounds 7 --seconds 3 --warm-up 0 --connections 1"
                + " --json a.json --markdown a.md --list");

    assertEquals(
        List.of("start", "http1"), arguments.scenarios().stream().map(Scenario::name).toList());
    assertEquals(new Settings(7, 3, 0, 1), arguments.settings());
    assertEquals(Optional.of(Path.of("a.json")), arguments.json());
    assertEquals(Optional.of(Path.of("a.md")), arguments.markdown());
    assertEquals(Arguments.Todo.LIST, arguments.todo());
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "data-plane --help", "data-plane --only nothing -h"})
  void helpIsGivenWhereverItIsAskedFor(String line) {
    assertEquals(Arguments.Todo.HELP, parse(line).todo());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "control-plane",
        "data-plane --only nothing",
        "data-plane --rounds",
        "data-plane --rounds 0",
        "data-plane --seconds x",
        "data-plane --turbo on",
        "data-plane extra"
      })
  void wrongUsageIsNamed(String line) {
    assertThrows(IllegalArgumentException.class, () -> parse(line));
  }

  @Test
  void everyTargetHasAScenarioAndNamesAreUnique() {
    Set<Integer> targets =
        Scenarios.EVERY.stream()
            .flatMap(scenario -> scenario.rows().stream())
            .map(row -> row.number())
            .filter(number -> number > 0)
            .collect(Collectors.toCollection(TreeSet::new));

    assertEquals(
        IntStream.rangeClosed(1, 11).boxed().collect(Collectors.toCollection(TreeSet::new)),
        targets);
    assertEquals(
        Scenarios.EVERY.size(), Scenarios.EVERY.stream().map(Scenario::name).distinct().count());
  }
}
