package io.meltemi.bench;

import io.meltemi.bench.scenario.Scenario;
import io.meltemi.bench.scenario.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The command line after {@code bench data-plane}.
 *
 * @param scenarios to run, in the list's order
 * @param settings how long and how often
 * @param todo whether to run, to name the scenarios, or to explain the options
 * @param json where every raw round goes; empty for nowhere
 * @param markdown where the table goes besides the terminal; empty for nowhere
 */
record Arguments(
    List<Scenario> scenarios,
    Settings settings,
    Todo todo,
    Optional<Path> json,
    Optional<Path> markdown) {
  static final String USAGE =
      """
      usage: meltemi bench data-plane [OPTIONS]
             meltemi bench control-plane --help
             meltemi bench generators --help
        --only NAME[,NAME]  these scenarios alone
        --list              name the scenarios and end
        --rounds N          measured rounds of each peer (default: 5)
        --seconds N         length of a round (default: 2)
        --warm-up N         least load before the first round, in seconds (default: 6)
        --connections N     keep-alive connections (default: 32)
        --json FILE         write every raw round
        --markdown FILE     write the table
        --help              this text
      Ends with 0 when every floor holds, with 1 when a figure is below its floor or could not be
      taken, with 2 when the command line is wrong.
      """;

  /** What a command line asks for. */
  enum Todo {
    RUN,
    LIST,
    HELP
  }

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException with what was found and what was expected
   */
  static Arguments parse(List<String> arguments, List<Scenario> every) {
    List<Scenario> scenarios = every;
    int rounds = Settings.DEFAULT.rounds();
    int seconds = Settings.DEFAULT.seconds();
    int warmUp = Settings.DEFAULT.warmUpSeconds();
    int connections = Settings.DEFAULT.connections();
    Todo todo = Todo.RUN;
    Optional<Path> json = Optional.empty();
    Optional<Path> markdown = Optional.empty();
    if (arguments.contains("--help") || arguments.contains("-h")) {
      return new Arguments(
          scenarios, Settings.DEFAULT, Todo.HELP, Optional.empty(), Optional.empty());
    }
    if (arguments.isEmpty() || !arguments.getFirst().equals("data-plane")) {
      throw new IllegalArgumentException(
          "found " + arguments + " (expected: data-plane, control-plane or generators)");
    }
    int i = 1;
    while (i < arguments.size()) {
      String name = arguments.get(i++);
      switch (name) {
        case "--list" -> todo = Todo.LIST;
        default -> {
          if (i == arguments.size()) {
            throw new IllegalArgumentException(name + ": unknown, or its value is missing");
          }
          String value = arguments.get(i++);
          switch (name) {
            case "--only" -> scenarios = chosen(value, every);
            case "--rounds" -> rounds = number(name, value, 1);
            case "--seconds" -> seconds = number(name, value, 1);
            case "--warm-up" -> warmUp = number(name, value, 0);
            case "--connections" -> connections = number(name, value, 1);
            case "--json" -> json = Optional.of(Path.of(value));
            case "--markdown" -> markdown = Optional.of(Path.of(value));
            default -> throw new IllegalArgumentException(name + ": unknown");
          }
        }
      }
    }
    return new Arguments(
        scenarios, new Settings(rounds, seconds, warmUp, connections), todo, json, markdown);
  }

  private static List<Scenario> chosen(String names, List<Scenario> every) {
    List<Scenario> chosen = new ArrayList<>();
    for (String name : names.split(",")) {
      chosen.add(
          every.stream()
              .filter(scenario -> scenario.name().equals(name))
              .findFirst()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "--only: found "
                              + name
                              + " (expected: "
                              + every.stream().map(Scenario::name).collect(Collectors.joining(", "))
                              + ")")));
    }
    return List.copyOf(chosen);
  }

  private static int number(String name, String value, int least) {
    try {
      int number = Integer.parseInt(value);
      if (number >= least) {
        return number;
      }
    } catch (NumberFormatException e) {
      // reported below
    }
    throw new IllegalArgumentException(
        name + ": found " + value + " (expected: a number of at least " + least + ")");
  }
}
