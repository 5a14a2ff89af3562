package io.meltemi.bench.swarm;

import io.meltemi.bench.process.CpuTime;
import io.meltemi.bench.process.Resident;
import io.meltemi.bench.report.Spread;
import java.io.IOException;
import java.io.PrintStream;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Everything that is done to a control plane: all sidecars connect, some changes, all connect
 * again. Prints a line for each.
 */
final class SwarmRun {
  /** Undoing a change is not waited for by name; it comes after the debounce. */
  private static final long UNDO_MILLIS = 300;

  private static final long SILENCE_MILLIS_MAX = 60_000;
  private static final double MEGA = 1e6;

  private final Target target;
  private final MeshFiles mesh;
  private final Settings settings;
  private final PrintStream out;
  private final Tally tally = new Tally();
  private final Consumer<String> problems;
  private int changes;

  /**
   * What is loaded.
   *
   * @param pid of the control plane
   */
  record Target(SocketAddress address, long pid) {}

  /**
   * How it is loaded.
   *
   * @param played what the sidecars say that they are
   * @param rounds of each change
   * @param silence that ends a phase
   * @param idle how long the server rests before its resident memory is read, and between all
   *     streams' end and their return
   * @param patience for a phase; what takes longer has failed
   */
  record Settings(
      int sidecars,
      Played played,
      int rounds,
      Duration silence,
      Duration idle,
      Duration patience) {}

  /** What a phase cost. */
  private record Cost(double lastMillis, double cpuSeconds, Counts counts, double peakMib) {}

  /** How much came. */
  private record Counts(long responses, long resources, long bytes, long heldBytes) {
    Counts minus(Counts other) {
      return new Counts(
          responses - other.responses,
          resources - other.resources,
          bytes - other.bytes,
          heldBytes - other.heldBytes);
    }
  }

  SwarmRun(
      Target target,
      MeshFiles mesh,
      Settings settings,
      PrintStream out,
      Consumer<String> problems) {
    this.target = target;
    this.mesh = mesh;
    this.settings = settings;
    this.out = out;
    this.problems = problems;
  }

  /**
   * Runs all phases.
   *
   * @throws IOException when a phase does not come to its end
   */
  void run() throws IOException, InterruptedException {
    try (Swarm swarm = swarm()) {
      connect("storm", swarm);
      Map<Kind, Integer> most = swarm.holdings();
      out.println(
          "holdings\t"
              + most.get(Kind.CLUSTER)
              + " clusters, "
              + most.get(Kind.ENDPOINT)
              + " endpoint sets, "
              + most.get(Kind.LISTENER)
              + " listeners, "
              + most.get(Kind.ROUTE)
              + " route configurations");
      Thread.sleep(settings.idle().toMillis());
      out.println("resident\t" + Resident.of(target.pid()).mib());
      for (MeshFiles.Change change : MeshFiles.Change.values()) {
        List<Cost> rounds = new ArrayList<>();
        for (int i = 0; i < settings.rounds(); i++) {
          rounds.add(change(change, swarm));
        }
        print(named(change), rounds);
      }
    }
    Thread.sleep(settings.idle().toMillis());
    try (Swarm swarm = swarm()) {
      connect("reconnect", swarm);
    }
    out.println("retries\t" + tally.retries.sum());
  }

  private static String named(MeshFiles.Change change) {
    return switch (change) {
      case ENDPOINT -> "endpoint";
      case ROUTE -> "route";
      case SERVICE -> "service";
      case EVERYTHING -> "mesh";
    };
  }

  private Swarm swarm() {
    return new Swarm(
        target.address(),
        IntStream.range(0, settings.sidecars())
            .mapToObj(sidecar -> settings.played().node(mesh.workload(sidecar)))
            .toList(),
        tally,
        problems);
  }

  private void connect(String name, Swarm swarm) throws IOException, InterruptedException {
    Meter meter = new Meter();
    long begun = System.nanoTime();
    swarm.start();
    boolean all = swarm.awaitReady(settings.patience().toMillis());
    awaitSilence(swarm);
    out.println(name + " ready\t" + swarm.ready() + "/" + settings.sidecars());
    if (!all) {
      throw new IOException(
          name + ": " + swarm.ready() + " of " + settings.sidecars() + " got their configuration");
    }
    print(name, List.of(meter.cost(swarm.readyNanos() - begun)));
  }

  private Cost change(MeshFiles.Change change, Swarm swarm)
      throws IOException, InterruptedException {
    MeshFiles.Prepared prepared = mesh.prepare(change, ++changes);
    Round round = new Round(prepared.awaited(), settings.sidecars());
    awaitSilence(swarm);
    swarm.expect(round);
    Meter meter = new Meter();
    long begun = System.nanoTime();
    prepared.apply();
    if (!round.missing().await(settings.patience().toMillis(), TimeUnit.MILLISECONDS)) {
      throw new IOException(
          named(change) + ": " + round.missing().getCount() + " sidecars did not get it");
    }
    awaitSilence(swarm);
    Cost cost = meter.cost(round.lastNanos() - begun);
    swarm.expect(null);
    if (prepared.undo()) {
      Files.delete(prepared.to());
      Thread.sleep(UNDO_MILLIS);
      awaitSilence(swarm);
    }
    return cost;
  }

  private void awaitSilence(Swarm swarm) throws InterruptedException {
    swarm.awaitSilence(settings.silence().toMillis(), SILENCE_MILLIS_MAX);
  }

  /** The medians of a phase's rounds. */
  private void print(String phase, List<Cost> rounds) {
    out.println(
        phase
            + "\t"
            + Map.<String, ToDoubleFunction<Cost>>of(
                    "last", Cost::lastMillis,
                    "cpu", Cost::cpuSeconds,
                    "responses", cost -> cost.counts.responses,
                    "resources", cost -> cost.counts.resources,
                    "megabytes", cost -> cost.counts.bytes / MEGA,
                    "held", cost -> cost.counts.heldBytes / MEGA,
                    "peak", Cost::peakMib)
                .entrySet()
                .stream()
                .sorted(Map.Entry.comparingByKey())
                .map(
                    figure ->
                        String.format(
                            Locale.ROOT,
                            "%s=%.6f",
                            figure.getKey(),
                            Spread.of(
                                    rounds.stream().map(figure.getValue()::applyAsDouble).toList())
                                .median()))
                .collect(Collectors.joining("\t")));
  }

  /** The cost of a phase, from its making on. */
  private final class Meter {
    private final double cpu;
    private final Counts counts;

    Meter() throws IOException {
      Resident.resetPeak(target.pid());
      cpu = CpuTime.of(target.pid()).total();
      counts = now();
    }

    private Counts now() {
      return new Counts(
          tally.responses.sum(), tally.resources.sum(), tally.bytes.sum(), tally.heldBytes.sum());
    }

    Cost cost(long lastNanos) throws IOException {
      return new Cost(
          lastNanos / MEGA,
          CpuTime.of(target.pid()).total() - cpu,
          now().minus(counts),
          Resident.of(target.pid()).peakMib());
    }
  }
}
