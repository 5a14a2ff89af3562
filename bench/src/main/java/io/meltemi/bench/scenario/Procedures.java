package io.meltemi.bench.scenario;

import io.meltemi.bench.load.Generator;
import io.meltemi.bench.load.Load;
import io.meltemi.bench.load.LoadResult;
import io.meltemi.bench.process.Child;
import io.meltemi.bench.process.CpuTime;
import io.meltemi.bench.process.Memory;
import io.meltemi.bench.report.Metric;
import io.meltemi.bench.report.Outcome;
import io.meltemi.bench.report.Spread;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The ways to take figures. */
final class Procedures {
  private static final double MIB = 1024 * 1024;
  private static final int ALLOCATION_SECONDS = 2;
  private static final int RATE_SECONDS_MIN = 4;
  private static final long WINDOW_MILLIS = 500;
  private static final double WARM_UP_LIMIT_SECONDS = 30;
  private static final long MEMORY_SETTLE_MILLIS = 3_000;
  private static final long IDLE_SETTLE_MILLIS = 1_000;
  private static final double START_LIMIT_SECONDS = 20;

  private Procedures() {}

  /** Saturating load; units of work per CPU-second of the proxy. */
  static Procedure perCpuSecond(Metric metric, Topology topology, Function<Lab, Load> load) {
    return perCpuSecond(metric, topology, load, 1, Optional.empty());
  }

  /** Saturating load of answers of {@link Lab#BULK_BYTES}; MiB per CPU-second. */
  static Procedure bytesPerCpuSecond(Topology topology, Function<Lab, Load> load) {
    return perCpuSecond(
        Metric.MIB_PER_CPU_SECOND, topology, load, Lab.BULK_BYTES / MIB, Optional.empty());
  }

  /** The same with a body in the request by which the peers are compared. */
  static Procedure perCpuSecond(
      Metric metric,
      Topology topology,
      Function<Lab, Load> load,
      double unitsPerRequest,
      Optional<String> body) {
    return (lab, kinds, outcome) -> {
      try (Contest contest = Contest.start(lab, kinds, outcome, topology, body)) {
        Load source = load.apply(lab);
        contest.warmUp(source);
        contest.rounds(
            source,
            lab.settings().seconds(),
            (measured, figures) ->
                figures.put(
                    metric, unitsPerRequest * measured.load().requests() / measured.cpu().total()));
        contest.allocation(source, ALLOCATION_SECONDS);
      }
    };
  }

  /** A fixed rate; processor time for each second. */
  static Procedure cpuAtRate(double rate, int connections, Topology topology) {
    return (lab, kinds, outcome) -> {
      try (Contest contest = Contest.start(lab, kinds, outcome, topology, Optional.empty())) {
        contest.warmUp(lab.http1Load(connections));
        Load source = Generator.openLoop(connections, rate, 1);
        int seconds = Math.max(RATE_SECONDS_MIN, lab.settings().seconds());
        contest.rounds(
            source,
            seconds,
            (measured, figures) -> {
              held(measured.load(), rate);
              figures.put(
                  Metric.CPU_MILLIS_PER_SECOND,
                  measured.cpu().total() * 1000 / measured.load().seconds());
              latencies(measured.load(), figures);
            });
        contest.allocation(source, ALLOCATION_SECONDS);
      }
    };
  }

  /** Open-loop latency at half of what saturates Envoy in this run. */
  static Procedure latency(Topology topology) {
    return (lab, kinds, outcome) -> {
      try (Contest contest = Contest.start(lab, kinds, outcome, topology, Optional.empty())) {
        int connections = lab.settings().connections();
        Load saturating = lab.http1Load(connections);
        contest.warmUp(saturating);
        Deployment reference =
            Optional.ofNullable(contest.peers().get(PeerKind.ENVOY))
                .or(() -> Optional.ofNullable(contest.peers().get(PeerKind.MELTEMI)))
                .orElseThrow(() -> new PeerException("no peer serves this"));
        LoadResult most = contest.measure(reference, saturating, lab.settings().seconds()).load();
        double rate = Math.rint(most.requests() / most.seconds() / 2);
        outcome.note(
            String.format(
                Locale.ROOT,
                "open loop at %.0f requests/s, half of what saturates %s here",
                rate,
                contest.peers().containsKey(PeerKind.ENVOY) ? "Envoy" : "Meltemi"));
        int seconds = Math.max(RATE_SECONDS_MIN, lab.settings().seconds());
        Load source = Generator.openLoop(connections, rate, 2);
        contest.rounds(
            source,
            seconds,
            (measured, figures) -> {
              held(measured.load(), rate);
              latencies(measured.load(), figures);
            });
      }
    };
  }

  /** Fails when the generator or the proxy could not keep up with the rate. */
  private static void held(LoadResult result, double rate) throws IOException {
    double late = result.values().getOrDefault("late", 0.0);
    if (late > rate / 10) {
      throw new IOException(
          String.format(
              Locale.ROOT, "%.0f requests of %.0f per second were never sent", late, rate));
    }
  }

  private static void latencies(LoadResult result, Map<Metric, Double> figures) {
    put(result, "p50", Metric.P50_MILLIS, figures);
    put(result, "p99", Metric.P99_MILLIS, figures);
    put(result, "p999", Metric.P999_MILLIS, figures);
  }

  private static void put(
      LoadResult result, String name, Metric metric, Map<Metric, Double> figures) {
    Double value = result.values().get(name);
    if (value != null) {
      figures.put(metric, value);
    }
  }

  /**
   * Memory of a proxy that has its configuration and no traffic.
   *
   * @param clusters that it must know before it is looked at
   */
  static Procedure idleMemory(Topology topology, int clusters) {
    return (lab, kinds, outcome) ->
        fresh(
            lab,
            kinds,
            outcome,
            topology,
            (kind, peer) -> {
              awaitClusters(lab, peer, clusters);
              Thread.sleep(MEMORY_SETTLE_MILLIS);
              outcome.add(kind.title(), memory(peer.memory()));
            });
  }

  private static Map<Metric, Double> memory(Memory memory) {
    Map<Metric, Double> figures = new EnumMap<>(Metric.class);
    figures.put(Metric.PSS_MIB, memory.aloneMib());
    figures.put(Metric.SHARED_PSS_MIB, memory.pssMib());
    return figures;
  }

  private static void awaitClusters(Lab lab, Deployment peer, int clusters)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + 60_000_000_000L;
    long known = 0;
    while (System.nanoTime() < end) {
      peer.check();
      String stats = lab.get(peer.adminPort(), "/stats?filter=cluster_manager.active_clusters");
      for (String line : stats.split("\n")) {
        if (line.startsWith("cluster_manager.active_clusters:")) {
          known = Long.parseLong(line.substring(line.indexOf(':') + 1).strip());
        }
      }
      if (known >= clusters) {
        return;
      }
      Thread.sleep(500);
    }
    throw new PeerException("knows " + known + " clusters after 60 s (expected: " + clusters + ")");
  }

  /** Memory that each idle connection adds. */
  static Procedure idleConnections(Topology topology, int connections) {
    return (lab, kinds, outcome) ->
        fresh(
            lab,
            kinds,
            outcome,
            topology,
            (kind, peer) -> {
              idle(lab, peer, 1);
              Memory before = peer.memory();
              Memory after = idle(lab, peer, connections);
              peer.check();
              Map<Metric, Double> figures = memory(after);
              figures.put(
                  Metric.KIB_PER_CONNECTION,
                  (after.aloneMib() - before.aloneMib()) * 1024 / connections);
              outcome.add(kind.title(), figures);
            });
  }

  private static Memory idle(Lab lab, Deployment peer, int connections)
      throws IOException, InterruptedException {
    List<String> arguments =
        List.of(Integer.toString(connections), Integer.toString(peer.target().port()));
    try (Child child =
            lab.children().pipe("idle-connections", Generator.java("IdleConnections", arguments));
        BufferedReader lines =
            new BufferedReader(
                new InputStreamReader(child.process().getInputStream(), StandardCharsets.UTF_8))) {
      String line = lines.readLine();
      if (line == null || !line.equals("open")) {
        throw new PeerException(
            connections + " connections could not be opened: " + child.output());
      }
      Thread.sleep(IDLE_SETTLE_MILLIS);
      return peer.memory();
    }
  }

  /** From starting the process to its first answer. */
  static Procedure start(TimedTopology topology) {
    return (lab, kinds, outcome) -> {
      List<PeerKind> left = new ArrayList<>(kinds);
      for (int round = 0; round < lab.settings().rounds(); round++) {
        for (PeerKind kind : List.copyOf(left)) {
          TimedTopology.Prepared prepared = topology.prepare(lab, kind);
          long begun = System.nanoTime();
          try (Child child = lab.proxy(kind, "start-" + kind, prepared.configuration())) {
            awaitAnswer(child, prepared.port());
            Map<Metric, Double> figures = memory(child.memory());
            figures.put(Metric.START_SECONDS, (System.nanoTime() - begun) / 1e9);
            outcome.add(kind.title(), figures);
          } catch (PeerException e) {
            outcome.without(kind.title(), e.reason());
            left.remove(kind);
          }
        }
      }
    };
  }

  private static void awaitAnswer(Child child, int port) throws IOException, InterruptedException {
    byte[] request = "GET / HTTP/1.1\r\nhost: bench\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);
    long end = System.nanoTime() + (long) (START_LIMIT_SECONDS * 1e9);
    while (System.nanoTime() < end) {
      if (!child.isAlive()) {
        throw new PeerException(Lab.refusal(child.output()));
      }
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        socket.setSoTimeout(5000);
        socket.getOutputStream().write(request);
        InputStream in = socket.getInputStream();
        if (new String(in.readNBytes(12), StandardCharsets.ISO_8859_1).equals("HTTP/1.1 200")) {
          return;
        }
      } catch (IOException e) {
        // not listening yet
      }
      Thread.sleep(2);
    }
    throw new PeerException("no answer after " + START_LIMIT_SECONDS + " s");
  }

  /** How long a fresh process of ours needs until a request costs what it costs a warm Envoy. */
  static Procedure warmUp(Topology topology) {
    return (lab, kinds, outcome) -> {
      Load load = lab.http1Load(lab.settings().connections());
      List<String> curve = new ArrayList<>();
      Spread envoyMicros;
      try (Contest contest =
          Contest.start(lab, List.of(PeerKind.ENVOY), outcome, topology, Optional.empty())) {
        Deployment envoy = contest.peers().get(PeerKind.ENVOY);
        if (envoy == null || !kinds.contains(PeerKind.ENVOY)) {
          throw new PeerException("needs Envoy to know when to stop");
        }
        List<Double> micros = new ArrayList<>();
        contest.warmUp(load);
        for (int i = 0; i < 3; i++) {
          Contest.Measured measured = contest.measure(envoy, load, 2);
          micros.add(measured.cpu().total() * 1e6 / measured.load().requests());
        }
        envoyMicros = Spread.of(micros);
      }
      double steady = envoyMicros.median();
      fresh(
          lab,
          List.of(PeerKind.MELTEMI),
          outcome,
          topology,
          (kind, peer) -> {
            curve.clear();
            double seconds = warmUpSeconds(lab, peer, load, steady, curve);
            outcome.add(kind.title(), Map.of(Metric.WARM_UP_SECONDS, seconds));
          });
      outcome.note(
          String.format(
              Locale.ROOT,
              "Envoy's steady cost is %.1f µs of CPU per request; ours in each half second of the"
                  + " last round: %s",
              steady,
              String.join(" ", curve)));
    };
  }

  private static double warmUpSeconds(
      Lab lab, Deployment peer, Load load, double steadyMicros, List<String> curve)
      throws IOException, InterruptedException {
    double reached = Double.NaN;
    Thread loader =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    load.run(
                        lab.children(),
                        peer.target(),
                        (int) WARM_UP_LIMIT_SECONDS + 1,
                        Load.UNMETERED);
                  } catch (IOException | InterruptedException e) {
                    // ended below, when enough is known
                  }
                });
    try {
      long begun = System.nanoTime();
      CpuTime cpu = peer.cpu();
      long requests = lab.backendRequests();
      int windowsAfter = 0;
      while (windowsAfter < 4) {
        Thread.sleep(WINDOW_MILLIS);
        CpuTime nowCpu = peer.cpu();
        long nowRequests = lab.backendRequests();
        double seconds = (System.nanoTime() - begun) / 1e9;
        double micros =
            nowRequests - requests <= 1
                ? Double.POSITIVE_INFINITY
                : nowCpu.minus(cpu).total() * 1e6 / (nowRequests - requests - 1);
        curve.add(String.format(Locale.ROOT, "%.0f", micros));
        if (Double.isNaN(reached) && micros <= steadyMicros) {
          reached = seconds;
        }
        if (!Double.isNaN(reached)) {
          windowsAfter++;
        }
        if (seconds > WARM_UP_LIMIT_SECONDS) {
          break;
        }
        cpu = nowCpu;
        requests = nowRequests;
      }
    } finally {
      peer.close();
      loader.join();
    }
    return Double.isNaN(reached) ? WARM_UP_LIMIT_SECONDS : reached;
  }

  /** Rounds in which each peer is a new process that lives alone. */
  private static void fresh(
      Lab lab, List<PeerKind> kinds, Outcome outcome, Topology topology, Look look)
      throws IOException, InterruptedException {
    List<PeerKind> left = new ArrayList<>(kinds);
    for (int round = 0; round < lab.settings().rounds(); round++) {
      for (PeerKind kind : List.copyOf(left)) {
        try (Deployment peer = topology.deploy(lab, kind)) {
          look.at(kind, peer);
        } catch (PeerException e) {
          outcome.without(kind.title(), e.reason());
          left.remove(kind);
        }
      }
    }
  }

  @FunctionalInterface
  private interface Look {
    void at(PeerKind kind, Deployment peer) throws IOException, InterruptedException;
  }
}
