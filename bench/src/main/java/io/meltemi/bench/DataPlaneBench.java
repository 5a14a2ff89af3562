package io.meltemi.bench;

import io.meltemi.bench.process.Children;
import io.meltemi.bench.process.Tool;
import io.meltemi.bench.report.Machine;
import io.meltemi.bench.report.Outcome;
import io.meltemi.bench.report.Report;
import io.meltemi.bench.report.Section;
import io.meltemi.bench.scenario.Lab;
import io.meltemi.bench.scenario.Scenario;
import io.meltemi.bench.scenario.Scenarios;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Our proxy and its peers side by side: the same bootstrap for Envoy and us, one worker each,
 * alternating rounds. Linux only.
 */
public final class DataPlaneBench {
  private final Arguments arguments;
  private final List<String> meltemi;
  private final PrintStream out;

  DataPlaneBench(Arguments arguments, List<String> meltemi, PrintStream out) {
    this.arguments = arguments;
    this.meltemi = List.copyOf(meltemi);
    this.out = out;
  }

  /**
   * Runs a command line.
   *
   * @return the exit code
   */
  static int run(List<String> args, String launcher, PrintStream out)
      throws IOException, InterruptedException {
    Arguments arguments = Arguments.parse(args, Scenarios.EVERY);
    return switch (arguments.todo()) {
      case HELP -> {
        out.print(Arguments.USAGE);
        yield 0;
      }
      case LIST -> {
        arguments
            .scenarios()
            .forEach(scenario -> out.printf("%-18s %s%n", scenario.name(), scenario.description()));
        yield 0;
      }
      case RUN -> {
        Report report =
            new DataPlaneBench(arguments, List.of(launcher), out).run(args.toArray(String[]::new));
        yield report.floorsHold() ? 0 : 1;
      }
    };
  }

  /** Runs the scenarios one after the other and prints each line as it is known, then the table. */
  Report run(String... args) throws IOException, InterruptedException {
    long begun = System.nanoTime();
    Instant now = Instant.now();
    Path directory = Files.createTempDirectory("meltemi-bench");
    Children children = new Children(directory);
    Thread hook =
        new Thread(
            () -> {
              children.close();
              delete(directory);
            },
            "end-children");
    Runtime.getRuntime().addShutdownHook(hook);
    List<Outcome> outcomes = new ArrayList<>();
    Machine machine = machine(now);
    machine.missing().forEach(missing -> out.println("not found: " + missing));
    try (Lab lab = new Lab(directory, children, meltemi, arguments.settings())) {
      int number = 0;
      for (Scenario scenario : arguments.scenarios()) {
        long seconds = (System.nanoTime() - begun) / 1_000_000_000L;
        System.err.printf(
            "[%d/%d, after %d min %02d s] %s: %s%n",
            ++number,
            arguments.scenarios().size(),
            seconds / 60,
            seconds % 60,
            scenario.name(),
            scenario.description());
        Outcome outcome = scenario.run(lab);
        outcomes.add(outcome);
        out.print(Report.lines(outcome));
      }
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // Ctrl-C: the hook is at work, and what follows would only be about the peers it ended
        hook.join();
      }
      delete(directory);
    }
    Report report =
        new Report(
            machine,
            "./meltemi bench " + String.join(" ", args),
            (System.nanoTime() - begun) / 1_000_000_000L,
            outcomes);
    out.println();
    out.print(report.markdown());
    if (arguments.json().isPresent()) {
      Files.writeString(arguments.json().get(), report.json());
    }
    if (arguments.markdown().isPresent()) {
      Section.write(arguments.markdown().get(), "data-plane", report.page());
    }
    return report;
  }

  private static Machine machine(Instant now) throws IOException, InterruptedException {
    Map<String, String> versions = new LinkedHashMap<>();
    List<String> missing = new ArrayList<>();
    for (Tool tool : Tool.values()) {
      Optional<Path> path = tool.find();
      if (path.isPresent()) {
        versions.put(tool.title(), tool.version(path.get()));
      } else {
        missing.add(tool.title() + " (" + tool.installation() + ")");
      }
    }
    versions.put("JDK", System.getProperty("java.version"));
    return Machine.here(now, versions, missing);
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (IOException e) {
      System.err.println("meltemi bench: " + directory + " could not be removed: " + e);
    }
  }
}
