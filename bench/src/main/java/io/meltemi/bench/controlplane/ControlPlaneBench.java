package io.meltemi.bench.controlplane;

import io.meltemi.bench.process.Child;
import io.meltemi.bench.process.Children;
import io.meltemi.bench.process.Ports;
import io.meltemi.bench.report.Machine;
import io.meltemi.bench.report.Section;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Our control plane, on files, under a simulator of sidecars. The simulator and what the reference
 * cost under it stand beside the project ({@code ../shared/adsim}). Linux only.
 */
public final class ControlPlaneBench {
  public static final String USAGE =
      """
      usage: meltemi bench control-plane [OPTIONS]
        --cells SERVICES:PROXIES[,...]  sizes of the mesh (default: 1000:1000)
        --rounds N                      rounds of each change (default: 1, as the reference's)
        --markdown FILE                 write the table into its section of a page
        --help                          this text
      Ends with 0 when every floor holds, with 1 when a figure is above its floor or could not be
      taken, with 2 when the command line is wrong or the simulator is missing.
      """;

  private static final Duration READY_MAX = Duration.ofSeconds(60);
  private static final Duration RUN_MAX = Duration.ofMinutes(15);

  private final Path launcher;
  private final List<Cell> cells;
  private final int rounds;
  private final Optional<Path> markdown;
  private final PrintStream out;

  private record Cell(int services, int proxies) {
    static Cell parse(String text) {
      String[] parts = text.split(":", -1);
      if (parts.length == 2
          && parts[0].matches("[1-9]\\d{0,5}")
          && parts[1].matches("[1-9]\\d{0,5}")) {
        return new Cell(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
      }
      throw new IllegalArgumentException(
          "--cells: found " + text + " (expected: SERVICES:PROXIES, such as 1000:1000)");
    }

    @Override
    public String toString() {
      return services + " × " + proxies;
    }
  }

  private ControlPlaneBench(
      Path launcher, List<Cell> cells, int rounds, Optional<Path> markdown, PrintStream out) {
    this.launcher = launcher;
    this.cells = List.copyOf(cells);
    this.rounds = rounds;
    this.markdown = markdown;
    this.out = out;
  }

  /**
   * Runs a command line.
   *
   * @param arguments those after {@code bench}
   * @param launcher our own, which starts the control plane
   * @return the exit code
   */
  public static int run(List<String> arguments, Path launcher, PrintStream out)
      throws IOException, InterruptedException {
    List<Cell> cells = List.of(new Cell(1000, 1000));
    int rounds = 1;
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
        case "--cells" -> cells = Stream.of(value.split(",", -1)).map(Cell::parse).toList();
        case "--rounds" -> {
          if (!value.matches("[1-9]\\d{0,3}")) {
            throw new IllegalArgumentException(
                "--rounds: found " + value + " (expected: a number of at least 1)");
          }
          rounds = Integer.parseInt(value);
        }
        case "--markdown" -> markdown = Optional.of(Path.of(value));
        default -> throw new IllegalArgumentException(name + ": unknown");
      }
    }
    return new ControlPlaneBench(launcher, cells, rounds, markdown, out)
        .run("./meltemi bench " + String.join(" ", arguments));
  }

  private int run(String command) throws IOException, InterruptedException {
    Path simulator = launcher.toAbsolutePath().resolveSibling("../shared/adsim").normalize();
    if (!Files.isDirectory(simulator)) {
      throw new IllegalArgumentException(
          "the simulator is missing (expected: " + simulator + "); nothing was measured");
    }
    Instant begun = Instant.now();
    Path directory = Files.createTempDirectory("meltemi-bench");
    StringBuilder tables = new StringBuilder();
    List<String> broken = new ArrayList<>();
    String load = String.format(Locale.ROOT, "%.1f", Machine.loadAverage());
    Children children = new Children(directory);
    Thread hook = new Thread(children::close, "end-children");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      Path binary = directory.resolve("adsim");
      call(
          children,
          "build",
          simulator,
          List.of(go().toString(), "build", "-o", binary.toString(), "."));
      String baseline = Files.readString(simulator.resolve("istiod-baseline.md"));
      for (Cell cell : cells) {
        out.println(cell + " ...");
        Measured ours = measure(children, directory, simulator, binary, cell);
        Comparison comparison =
            new Comparison(cell.toString(), ours, Measured.ofBaseline(baseline, "se-" + cell));
        out.print(comparison.markdown());
        out.println("streams with their whole configuration: " + ours.ready());
        tables.append(comparison.markdown()).append('\n');
        comparison.broken().forEach(sentence -> broken.add(cell + ", " + sentence));
        String all = cell.proxies() + "/" + cell.proxies();
        if (!ours.ready().equals(all)) {
          broken.add(cell + ": " + ours.ready() + " streams got their configuration");
        }
      }
    } finally {
      children.close();
      Runtime.getRuntime().removeShutdownHook(hook);
      delete(directory);
    }
    String verdict =
        broken.isEmpty() ? "All floors hold." : "Not held: " + String.join("; ", broken) + ".";
    out.println(verdict);
    if (markdown.isPresent()) {
      Section.write(
          markdown.get(), "control-plane", page(command, begun, load, tables.toString(), verdict));
    }
    return broken.isEmpty() ? 0 : 1;
  }

  private String page(String command, Instant begun, String load, String tables, String verdict)
      throws IOException {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("JDK", System.getProperty("java.version"));
    Machine machine = Machine.here(begun, versions, List.of());
    return String.format(
        Locale.ROOT,
        """
        # The control plane

        What our control plane costs under simulated sidecars (`../shared/adsim`, whose README says what
        each figure is), on files, beside what the reference's istiod cost on the same machine under the
        same load, with an API server (`../shared/adsim/istiod-baseline.md`). Simulator and server share
        two cores, so CPU is judged first. Times of changes are without the debounce of 100 ms. "Had
        already" are bytes that a stream was sent though it held them; a cluster that changes makes its
        proxies wait for its endpoints again, the same or not.

        `%s`, %s  \nmachine: %d cores, %s, %.0f GiB, %s; load average before %s; JDK %s

        %s
        %s
        """,
        command,
        machine.date(),
        machine.cores(),
        machine.processor(),
        machine.memoryGib(),
        machine.kernel(),
        load,
        versions.get("JDK"),
        tables,
        verdict);
  }

  private Measured measure(
      Children children, Path directory, Path simulator, Path binary, Cell cell)
      throws IOException, InterruptedException {
    Path input = directory.resolve("in-" + cell.services() + "-" + cell.proxies());
    call(
        children,
        "generate",
        simulator,
        List.of(
            "python3",
            simulator.resolve("gen.py").toString(),
            input.toString(),
            "--services",
            Integer.toString(cell.services())));
    int xds = Ports.free();
    int http = Ports.free();
    try (Child server =
        children.start(
            "control-plane",
            List.of(
                launcher.toAbsolutePath().toString(),
                "discovery",
                "--configDir",
                input.resolve("yaml").toString(),
                "--meshConfig",
                input.resolve("mesh.yaml").toString(),
                "--grpcAddr",
                "127.0.0.1:" + xds,
                "--httpAddr",
                "127.0.0.1:" + http,
                "--monitoringAddr",
                "",
                "--httpsAddr",
                "",
                "--secureGRPCAddr",
                ""))) {
      awaitReady(server, http);
      // what starting left to be done is not the first proxy's cost
      Thread.sleep(3000);
      String output =
          call(
              children,
              "simulator",
              simulator,
              List.of(
                  binary.toString(),
                  "--addr",
                  "127.0.0.1:" + xds,
                  "--plaintext",
                  "--proxies",
                  Integer.toString(cell.proxies()),
                  "--proxies-file",
                  input.resolve("proxies.txt").toString(),
                  "--scenario",
                  input.resolve("scenario-file.json").toString(),
                  "--dir",
                  input.resolve("yaml").toString(),
                  "--pid",
                  Long.toString(server.pid()),
                  "--rounds",
                  Integer.toString(rounds)));
      return Measured.ofSimulator(output);
    }
  }

  private static void awaitReady(Child server, int port) throws IOException, InterruptedException {
    HttpRequest question =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/ready")).build();
    long end = System.nanoTime() + READY_MAX.toNanos();
    try (HttpClient client = HttpClient.newHttpClient()) {
      while (System.nanoTime() < end && server.isAlive()) {
        try {
          if (client.send(question, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
            return;
          }
        } catch (IOException e) {
          // it does not listen so far
        }
        Thread.sleep(200);
      }
    }
    throw new IOException("the control plane did not get ready: " + server.output());
  }

  /** Runs a command to its end; its output. */
  private static String call(Children children, String name, Path directory, List<String> command)
      throws IOException, InterruptedException {
    List<String> there = new ArrayList<>(List.of("env", "-C", directory.toString()));
    there.addAll(command);
    try (Child child = children.start(name, there)) {
      if (!child.process().waitFor(RUN_MAX.toSeconds(), TimeUnit.SECONDS)
          || child.process().exitValue() != 0) {
        throw new IOException(String.join(" ", command) + " failed: " + child.output());
      }
      return child.output();
    }
  }

  private static Path go() {
    return Stream.concat(
            Stream.of(Optional.ofNullable(System.getenv("PATH")).orElse("").split(":"))
                .filter(directory -> !directory.isEmpty()),
            Stream.of("/usr/local/go/bin"))
        .map(directory -> Path.of(directory, "go"))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "go is missing, which builds the simulator; nothing was measured"));
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
