package io.meltemi.bench.translation;

import io.meltemi.bench.report.Machine;
import io.meltemi.bench.report.Section;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * {@code meltemi bench generators}: the microbenchmarks on the benchmark inputs that stand beside
 * the project ({@code ../shared/corpus/xds/benchmark}) and on made-up meshes.
 */
public final class TranslationBench {
  public static final String USAGE =
      """
      usage: meltemi bench generators [OPTIONS]
        --inputs NAME[,NAME]  directories of ../shared/corpus/xds/benchmark, and mesh-N for N services
                              with ten endpoints each (default: all of them, mesh-100 and mesh-1000)
        --only NAME[,NAME]    world, clusters, endpoints, listeners, routes, encode, difference
        --seconds N           length of an iteration; 3 warm up and 5 count (default: 1)
        --json FILE           every figure, as JMH writes it
        --markdown FILE       write the table into its section of a page
        --help                this text
      Ends with 0 when everything was measured, with 2 when the command line is wrong.
      """;

  private static final String CORPUS = "../shared/corpus/xds/benchmark";
  private static final List<String> MESHES = List.of("mesh-100", "mesh-1000");
  private static final List<String> BENCHMARKS =
      List.of("world", "clusters", "endpoints", "listeners", "routes", "encode", "difference");
  private static final int WARM_UPS = 3;
  private static final int ITERATIONS = 5;
  private static final String ALLOCATED = "gc.alloc.rate.norm";
  private static final double KIB = 1024;

  private TranslationBench() {}

  /**
   * Runs a command line.
   *
   * @param arguments those after {@code bench}
   * @param launcher our own, beside whose directory the inputs are
   * @return the exit code
   */
  public static int run(List<String> arguments, Path launcher, PrintStream out) throws IOException {
    Path corpus = launcher.toAbsolutePath().resolveSibling(CORPUS).normalize();
    List<String> inputs = inputs(corpus);
    List<String> only = BENCHMARKS;
    int seconds = 1;
    Optional<Path> json = Optional.empty();
    Optional<Path> markdown = Optional.empty();
    for (int i = 1; i < arguments.size(); i += 2) {
      String name = arguments.get(i);
      if (name.equals("--help") || name.equals("-h")) {
        out.print(USAGE);
        return 0;
      }
      if (i + 1 == arguments.size()) {
        throw new IllegalArgumentException(name + ": unknown, or its value is missing");
      }
      String value = arguments.get(i + 1);
      switch (name) {
        case "--inputs" -> inputs = chosen(name, value, inputs);
        case "--only" -> only = chosen(name, value, BENCHMARKS);
        case "--seconds" -> {
          if (!value.matches("[1-9]\\d{0,2}")) {
            throw new IllegalArgumentException(
                "--seconds: found " + value + " (expected: a number of at least 1)");
          }
          seconds = Integer.parseInt(value);
        }
        case "--json" -> json = Optional.of(Path.of(value));
        case "--markdown" -> markdown = Optional.of(Path.of(value));
        default -> throw new IllegalArgumentException(name + ": unknown");
      }
    }
    Instant begun = Instant.now();
    double load = Machine.loadAverage();
    ChainedOptionsBuilder options =
        options(paths(corpus, inputs), only)
            .forks(1)
            .warmupIterations(WARM_UPS)
            .warmupTime(TimeValue.seconds(seconds))
            .measurementIterations(ITERATIONS)
            .measurementTime(TimeValue.seconds(seconds))
            .addProfiler(GCProfiler.class);
    json.ifPresent(
        file ->
            options.resultFormat(ResultFormatType.JSON).result(file.toAbsolutePath().toString()));
    String table = table(measure(options), only);
    out.print(table);
    if (markdown.isPresent()) {
      String command = "./meltemi bench " + String.join(" ", arguments);
      Section.write(markdown.get(), "generators", page(command, begun, load, table));
    }
    return 0;
  }

  private static List<String> inputs(Path corpus) throws IOException {
    List<String> inputs = new ArrayList<>();
    if (Files.isDirectory(corpus)) {
      try (Stream<Path> cases = Files.list(corpus)) {
        cases
            .filter(directory -> Files.exists(directory.resolve("case.json")))
            .map(directory -> String.valueOf(directory.getFileName()))
            .sorted()
            .forEach(inputs::add);
      }
    }
    inputs.addAll(MESHES);
    return inputs;
  }

  private static List<String> chosen(String option, String names, List<String> every) {
    List<String> chosen = List.of(names.split(",", -1));
    for (String name : chosen) {
      if (!every.contains(name) && !name.matches(TranslationInput.MESH + "[1-9]\\d{0,4}")) {
        throw new IllegalArgumentException(
            option + ": found " + name + " (expected: " + String.join(", ", every) + ")");
      }
    }
    return chosen;
  }

  private static List<String> paths(Path corpus, List<String> inputs) {
    return inputs.stream()
        .map(
            input ->
                input.startsWith(TranslationInput.MESH) ? input : corpus.resolve(input).toString())
        .toList();
  }

  /** What to run, without how often. */
  static ChainedOptionsBuilder options(List<String> inputs, List<String> only) {
    return new OptionsBuilder()
        .include(
            TranslationBenchmark.class.getName().replace(".", "\\.")
                + "\\.("
                + String.join("|", only)
                + ")$")
        .param("input", inputs.toArray(String[]::new))
        .jvmArgsAppend(
            "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED")
        .shouldFailOnError(true);
  }

  static Collection<RunResult> measure(ChainedOptionsBuilder options) {
    try {
      return new Runner(options.build()).run();
    } catch (RunnerException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Microseconds and KiB allocated, by input and benchmark. */
  static String table(Collection<RunResult> results, List<String> columns) {
    Map<String, Map<String, String>> rows = new LinkedHashMap<>();
    Set<String> inputs = new LinkedHashSet<>();
    for (RunResult result : results) {
      String input = String.valueOf(Path.of(result.getParams().getParam("input")).getFileName());
      inputs.add(input);
      String benchmark = result.getParams().getBenchmark();
      rows.computeIfAbsent(input, _ -> new LinkedHashMap<>())
          .put(benchmark.substring(benchmark.lastIndexOf('.') + 1), cell(result));
    }
    StringBuilder text = new StringBuilder("| input |");
    columns.forEach(column -> text.append(' ').append(column).append(" |"));
    text.append("\n|---|").append("---|".repeat(columns.size())).append('\n');
    for (String input : inputs) {
      Map<String, String> cells = rows.getOrDefault(input, Map.of());
      text.append(
          columns.stream()
              .map(column -> cells.getOrDefault(column, "–"))
              .collect(Collectors.joining(" | ", "| `" + input + "` | ", " |\n")));
    }
    return text.toString();
  }

  /** Such as {@code 12.3 ±0.4 (5.6)}. */
  private static String cell(RunResult result) {
    Result<?> time = result.getPrimaryResult();
    Result<?> allocated = result.getSecondaryResults().get(ALLOCATED);
    String error = Double.isNaN(time.getScoreError()) ? "" : " ±" + number(time.getScoreError());
    return number(time.getScore())
        + error
        + (allocated == null ? "" : " (" + number(allocated.getScore() / KIB) + ")");
  }

  /** Three digits that count. */
  private static String number(double value) {
    return String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
  }

  private static String page(String command, Instant begun, double load, String table)
      throws IOException {
    String jdk = System.getProperty("java.version");
    Machine machine = Machine.here(begun, Map.of("JDK", jdk), List.of());
    return String.format(
        Locale.ROOT,
        """
        # Generators

        What a push is made of, for one proxy, measured with JMH: microseconds with the error of 99.9 %%
        confidence, and in brackets the KiB that it allocates. `world`: everything that proxies are
        configured from, out of parsed resources and from nothing. `clusters` to `routes`: from view and
        world to messages, with what a world works out once there already. `encode`: all those messages to
        bytes and hashes. `difference`: a new group of clusters, and that one differs from those before.
        Inputs are those of `../shared/corpus/xds/benchmark`, and meshes of N services with ten endpoints
        each. `--help` tells the options.

        `%s`, %s  \nmachine: %d cores, %s, %.0f GiB, %s; load average before %.1f; JDK %s

        %s
        """,
        command,
        machine.date(),
        machine.cores(),
        machine.processor(),
        machine.memoryGib(),
        machine.kernel(),
        load,
        jdk,
        table);
  }
}
