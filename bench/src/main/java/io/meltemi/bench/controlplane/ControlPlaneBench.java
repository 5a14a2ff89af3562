package io.meltemi.bench.controlplane;

import io.meltemi.bench.process.Child;
import io.meltemi.bench.process.Children;
import io.meltemi.bench.process.Ports;
import io.meltemi.bench.report.Machine;
import io.meltemi.bench.report.Section;
import io.meltemi.bench.swarm.Played;
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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Our control plane, on files, under a simulator of sidecars: the one that stands beside the
 * project with what the reference cost under it ({@code ../shared/adsim}), or our own swarm. Linux
 * only.
 */
public final class ControlPlaneBench {
  public static final String USAGE =
      """
      usage: meltemi bench control-plane [OPTIONS]
        --cells SERVICES:PROXIES[,...]  sizes of the mesh (default: 1000:1000)
        --rounds N                      rounds of each change (default: 1, as the reference's)
        --swarm adsim|own|both          what plays the sidecars: ../shared/adsim, a swarm of our own,
                                        or both, to see whether they agree (default: adsim when it
                                        and Go are there, else our own)
        --played envoy|meltemi|both     which proxy the sidecars say that they are (default: both, one
                                        after the other; with --swarm both Envoy alone)
        --markdown FILE                 write the table into its section of a page
        --help                          this text
      Ends with 0 when every floor holds, with 1 when a figure is above its floor or could not be
      taken, with 2 when the command line is wrong or what it asks for is missing.
      """;

  /** How often two simulators take turns. */
  private static final int PAIRS = 2;

  private static final Duration READY_MAX = Duration.ofSeconds(60);

  private final Path launcher;
  private final List<Cell> cells;
  private final int rounds;
  private final Choice choice;
  private final List<Played> played;
  private final Optional<Path> markdown;
  private final PrintStream out;

  /** What plays the sidecars. */
  private enum Choice {
    ADSIM,
    OWN,
    BOTH
  }

  private ControlPlaneBench(
      Path launcher,
      List<Cell> cells,
      int rounds,
      Choice choice,
      List<Played> played,
      Optional<Path> markdown,
      PrintStream out) {
    this.launcher = launcher;
    this.cells = List.copyOf(cells);
    this.rounds = rounds;
    this.choice = choice;
    this.played = List.copyOf(played);
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
    Choice choice = Adsim.find(launcher).isPresent() ? Choice.ADSIM : Choice.OWN;
    List<Played> played = List.of(Played.values());
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
        case "--swarm" -> choice = choice(value);
        case "--played" -> played = played(value);
        case "--markdown" -> markdown = Optional.of(Path.of(value));
        default -> throw new IllegalArgumentException(name + ": unknown");
      }
    }
    return new ControlPlaneBench(launcher, cells, rounds, choice, played, markdown, out)
        .run("./meltemi bench " + String.join(" ", arguments));
  }

  private static Choice choice(String text) {
    return switch (text) {
      case "adsim" -> Choice.ADSIM;
      case "own" -> Choice.OWN;
      case "both" -> Choice.BOTH;
      default ->
          throw new IllegalArgumentException(
              "--swarm: found " + text + " (expected: adsim, own or both)");
    };
  }

  private static List<Played> played(String text) {
    return switch (text) {
      case "envoy" -> List.of(Played.ENVOY);
      case "meltemi" -> List.of(Played.MELTEMI);
      case "both" -> List.of(Played.values());
      default ->
          throw new IllegalArgumentException(
              "--played: found " + text + " (expected: envoy, meltemi or both)");
    };
  }

  private int run(String command) throws IOException, InterruptedException {
    Optional<Path> adsim = Adsim.find(launcher);
    if (choice != Choice.OWN && adsim.isEmpty()) {
      throw new IllegalArgumentException(
          "../shared/adsim beside the launcher, or Go to build it, is missing; nothing was measured");
    }
    Instant begun = Instant.now();
    Path directory = Files.createTempDirectory("meltemi-bench");
    List<String> broken = new ArrayList<>();
    String load = String.format(Locale.ROOT, "%.1f", Machine.loadAverage());
    Children children = new Children(directory);
    Thread hook = new Thread(children::close, "end-children");
    Runtime.getRuntime().addShutdownHook(hook);
    Simulator own = new OwnSwarm(children);
    Simulator first = own;
    String tables;
    try {
      if (choice != Choice.OWN) {
        first = Adsim.build(children, adsim.orElseThrow(), directory);
      }
      tables =
          choice == Choice.BOTH
              ? compare(children, directory, first, own, broken)
              : measureAll(children, directory, first, broken);
    } finally {
      children.close();
      Runtime.getRuntime().removeShutdownHook(hook);
      delete(directory);
    }
    String verdict =
        broken.isEmpty()
            ? choice == Choice.BOTH ? "They agree." : "All floors hold."
            : "Not held: " + String.join("; ", broken) + ".";
    out.println(verdict);
    if (markdown.isPresent()) {
      String made = made(command, begun, load);
      if (choice == Choice.BOTH) {
        Section.write(markdown.get(), "swarms", agreementPage(made, tables, verdict));
      } else {
        Section.write(markdown.get(), "control-plane", page(first, made, tables, verdict));
      }
    }
    return broken.isEmpty() ? 0 : 1;
  }

  private String measureAll(
      Children children, Path directory, Simulator simulator, List<String> broken)
      throws IOException, InterruptedException {
    StringBuilder tables = new StringBuilder();
    for (Cell cell : cells) {
      for (Played proxy : played) {
        String title = cell + ", " + simulator.name() + " as " + proxy.title();
        out.println(title + " ...");
        Measured ours = measure(children, directory, simulator, cell, proxy);
        Comparison comparison = new Comparison(title, ours, simulator.reference(cell));
        out.print(comparison.markdown());
        out.println("streams with their whole configuration: " + ours.ready());
        tables.append(comparison.markdown()).append('\n');
        comparison.broken().forEach(sentence -> broken.add(title + ", " + sentence));
        checkReady(cell, ours, broken);
      }
    }
    return tables.toString();
  }

  private String compare(
      Children children, Path directory, Simulator one, Simulator other, List<String> broken)
      throws IOException, InterruptedException {
    StringBuilder tables = new StringBuilder();
    for (Cell cell : cells) {
      out.println(cell + ", " + one.name() + " and " + other.name() + " ...");
      List<Measured> firsts = new ArrayList<>();
      List<Measured> seconds = new ArrayList<>();
      for (int i = 0; i < PAIRS; i++) {
        firsts.add(measure(children, directory, one, cell, Played.ENVOY));
        seconds.add(measure(children, directory, other, cell, Played.ENVOY));
        checkReady(cell, firsts.getLast(), broken);
        checkReady(cell, seconds.getLast(), broken);
      }
      Agreement agreement =
          new Agreement(
              cell.toString(),
              one.name(),
              Measured.mean(firsts),
              other.name(),
              Measured.mean(seconds));
      out.print(agreement.markdown());
      tables.append(agreement.markdown()).append('\n');
      broken.addAll(agreement.broken());
    }
    return tables.toString();
  }

  private static void checkReady(Cell cell, Measured measured, List<String> broken) {
    String all = cell.proxies() + "/" + cell.proxies();
    if (!measured.ready().equals(all)) {
      broken.add(cell + ": " + measured.ready() + " streams got their configuration");
    }
  }

  /** How, when and where a run was made. */
  private static String made(String command, Instant begun, String load) throws IOException {
    String jdk = System.getProperty("java.version");
    Machine machine = Machine.here(begun, Map.of("JDK", jdk), List.of());
    return String.format(
        Locale.ROOT,
        """
        `%s`, %s  \nmachine: %d cores, %s, %.0f GiB, %s; load average before %s; JDK %s
        """,
        command,
        machine.date(),
        machine.cores(),
        machine.processor(),
        machine.memoryGib(),
        machine.kernel(),
        load,
        jdk);
  }

  private static String page(Simulator simulator, String made, String tables, String verdict) {
    return """
    # The control plane

    What our control plane costs under simulated sidecars, on files. %s
    Simulator and server share two cores, so CPU is judged first. Times of changes are without the
    debounce: 100 ms, for endpoints alone 20 ms. "Had already" are bytes that a stream was sent
    though it held them; a cluster that changes makes Envoy wait for its endpoints again, the same or
    not, so that they have to be sent. Our proxy keeps them and says so, and is sent none.

    %s
    %s
    %s
    """
        .formatted(simulator.note().strip(), made, tables, verdict);
  }

  private static String agreementPage(String made, String tables, String verdict) {
    return """
    # Two swarms

    Whether our own swarm loads a control plane as `../shared/adsim` does: both in turn, A B A B,
    against a fresh control plane each, on meshes of the same shape; the means. Written by
    `./meltemi bench control-plane --swarm both`. CPU is that of the server, in ticks of 10 ms and
    with its compiler's, so small ones say little; judged are the sums (at most 15 %% apart).

    %s
    %s
    %s
    """
        .formatted(made, tables, verdict);
  }

  private Measured measure(
      Children children, Path directory, Simulator simulator, Cell cell, Played proxy)
      throws IOException, InterruptedException {
    Simulator.Input input = simulator.write(Files.createTempDirectory(directory, "in-"), cell);
    int xds = Ports.free();
    int http = Ports.free();
    try (Child server =
        children.start(
            "control-plane",
            List.of(
                launcher.toAbsolutePath().toString(),
                "discovery",
                "--configDir",
                input.config().toString(),
                "--meshConfig",
                input.mesh().toString(),
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
      return simulator.load(
          input, cell, new Simulator.Server(xds, server.pid()), new Simulator.Load(proxy, rounds));
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

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
