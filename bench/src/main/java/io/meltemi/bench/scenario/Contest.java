package io.meltemi.bench.scenario;

import io.meltemi.bench.load.Load;
import io.meltemi.bench.load.LoadResult;
import io.meltemi.bench.process.CpuTime;
import io.meltemi.bench.process.Memory;
import io.meltemi.bench.report.Metric;
import io.meltemi.bench.report.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The peers of one scenario, all alive, known to answer alike; one is loaded at a time. */
final class Contest implements AutoCloseable {
  private static final int NATIVE_WARM_UP_SECONDS = 1;

  /** Rounds of the peers that no target speaks of. */
  private static final int OTHERS_ROUNDS_MAX = 2;

  private static final int SLICE_SECONDS = 2;
  private static final int SLICES_MAX = 20;

  /** A slice that costs more than this part of the best one before is no progress. */
  private static final double STEADY = 0.95;

  private static final int STEADY_SLICES = 2;

  /** While the compiler takes more than this part of a slice there is more to come. */
  private static final double COMPILING = 0.03;

  /** Access logs are buffered, so a round's lines are written a little later. */
  private static final double LOG_NEAR = 0.85;

  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(20);

  private final Lab lab;
  private final Outcome outcome;
  private final Map<PeerKind, Deployment> peers = new EnumMap<>(PeerKind.class);

  /** Bytes of the body that all peers agreed on. */
  private int bodyBytes;

  /** Bytes that the first peer with an access log wrote for a request; 0 until one did. */
  private double loggedBytes;

  private Contest(Lab lab, Outcome outcome) {
    this.lab = lab;
    this.outcome = outcome;
  }

  /**
   * Starts the peers and asks each once. A peer that refuses or does not answer is left out, with
   * its reason.
   *
   * @param body file to send, for scenarios whose requests have one
   * @throws IOException when two peers answer differently
   */
  static Contest start(
      Lab lab, List<PeerKind> kinds, Outcome outcome, Topology topology, Optional<String> body)
      throws IOException, InterruptedException {
    Contest contest = new Contest(lab, outcome);
    try {
      Optional<PeerKind> first = Optional.empty();
      Optional<Answer> expected = Optional.empty();
      for (PeerKind kind : kinds) {
        try {
          Deployment deployment = topology.deploy(lab, kind);
          contest.peers.put(kind, deployment);
          Answer answer = ask(deployment, body, lab.directory("answer").resolve("head"));
          Optional<String> trouble = answer.trouble();
          if (trouble.isPresent()) {
            throw new PeerException(trouble.get());
          }
          if (expected.isPresent()) {
            boolean names = kind == PeerKind.MELTEMI && first.orElseThrow() == PeerKind.ENVOY;
            Optional<String> difference = answer.differenceFrom(expected.get(), names);
            if (difference.isPresent()) {
              throw new PeerException(
                  "does not answer as " + first.orElseThrow().title() + ": " + difference.get());
            }
          } else {
            first = Optional.of(kind);
            expected = Optional.of(answer);
            contest.bodyBytes = answer.bodyBytes();
          }
        } catch (PeerException e) {
          contest.drop(kind, e.reason());
        }
      }
      return contest;
    } catch (IOException | InterruptedException | RuntimeException e) {
      contest.close();
      throw e;
    }
  }

  /** Asks until the answer is good: a mesh's configuration may still be on its way. */
  private static Answer ask(Deployment deployment, Optional<String> body, Path heads)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + ANSWER_LIMIT.toNanos();
    while (true) {
      deployment.check();
      try {
        Answer answer = Answer.of(deployment.target(), body, heads);
        if (answer.trouble().isEmpty() || System.nanoTime() > end) {
          return answer;
        }
      } catch (PeerException e) {
        if (System.nanoTime() > end) {
          throw e;
        }
      }
      Thread.sleep(200);
    }
  }

  private void drop(PeerKind kind, String reason) {
    outcome.without(kind.title(), reason);
    Deployment deployment = peers.remove(kind);
    if (deployment != null) {
      deployment.close();
    }
  }

  Map<PeerKind, Deployment> peers() {
    return peers;
  }

  /**
   * Loads each peer until its connections stand and its code is compiled: ours at least as long as
   * the settings say, and on until it gets no cheaper and compiles no more, because a compiler that
   * shares the processor with everybody else takes its time.
   */
  void warmUp(Load load) throws InterruptedException {
    int most = lab.settings().warmUpSeconds();
    if (most == 0) {
      return;
    }
    for (Map.Entry<PeerKind, Deployment> peer : new EnumMap<>(peers).entrySet()) {
      Deployment deployment = peer.getValue();
      tryTo(
          peer.getKey(),
          () -> {
            if (peer.getKey() != PeerKind.MELTEMI) {
              measure(deployment, load, Math.min(NATIVE_WARM_UP_SECONDS, most));
              return;
            }
            measure(deployment, load, most);
            double best = cost(measure(deployment, load, SLICE_SECONDS));
            int without = 0;
            for (int slice = 0; slice < SLICES_MAX; slice++) {
              CpuTime compiled = deployment.compilerCpu();
              Measured measured = measure(deployment, load, SLICE_SECONDS);
              double compiling =
                  deployment.compilerCpu().minus(compiled).total() / measured.cpu().total();
              double now = cost(measured);
              without = now > best * STEADY && compiling < COMPILING ? without + 1 : 0;
              best = Math.min(best, now);
              if (without == STEADY_SLICES) {
                return;
              }
            }
            outcome.note("Meltemi was still being compiled when the rounds began");
          });
    }
  }

  private static double cost(Measured measured) {
    return measured.cpu().total() / measured.load().requests();
  }

  /** Every round of every peer: A B A B. */
  void rounds(Load load, int seconds, Figures figures) throws InterruptedException {
    for (int round = 0; round < lab.settings().rounds(); round++) {
      round(round, load, seconds, figures);
    }
  }

  private void round(int round, Load load, int seconds, Figures figures)
      throws InterruptedException {
    for (Map.Entry<PeerKind, Deployment> peer : new EnumMap<>(peers).entrySet()) {
      if (!peer.getKey().takesBootstrap() && round >= OTHERS_ROUNDS_MAX) {
        continue;
      }
      tryTo(
          peer.getKey(),
          () -> {
            long logged = peer.getValue().loggedBytes();
            Measured measured = measure(peer.getValue(), load, seconds);
            checkLog(peer.getValue().loggedBytes() - logged, measured.load().requests());
            Map<Metric, Double> all = new EnumMap<>(Metric.class);
            all.put(Metric.PER_SECOND, measured.load().requests() / measured.load().seconds());
            all.put(Metric.KERNEL_SHARE, measured.cpu().kernelShare());
            Memory memory = peer.getValue().memory();
            all.put(Metric.PSS_MIB, memory.aloneMib());
            all.put(Metric.SHARED_PSS_MIB, memory.pssMib());
            figures.add(measured, all);
            outcome.add(peer.getKey().title(), all);
          });
    }
  }

  /** Fails when a peer's access log grew by much less than another's: lines were left out. */
  private void checkLog(long bytes, long requests) throws IOException {
    double each = (double) bytes / requests;
    if (loggedBytes == 0) {
      loggedBytes = each;
    } else if (each < LOG_NEAR * loggedBytes) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "logged %.0f bytes for each request (expected: about %.0f)",
              each,
              loggedBytes));
    }
  }

  /** Loads a peer and reads its processor time at both ends. */
  Measured measure(Deployment peer, Load load, int seconds)
      throws IOException, InterruptedException {
    CpuTime[] at = {CpuTime.ZERO, CpuTime.ZERO};
    LoadResult result =
        load.run(
            lab.children(),
            peer.target(),
            seconds,
            new Load.Meter() {
              @Override
              public void begin() throws IOException {
                at[0] = peer.cpu();
              }

              @Override
              public void end() throws IOException {
                at[1] = peer.cpu();
              }
            });
    peer.check();
    result.checkBodies(bodyBytes);
    return new Measured(result, at[1].minus(at[0]));
  }

  /** Bytes allocated for each request and collections, of ours only: one more round. */
  void allocation(Load load, int seconds) throws InterruptedException {
    Deployment ours = peers.get(PeerKind.MELTEMI);
    if (ours == null || ours.measured().isEmpty()) {
      return;
    }
    try {
      outcome.addOnce(
          PeerKind.MELTEMI.title(),
          Allocation.measure(
              ours.measured(),
              () -> load.run(lab.children(), ours.target(), seconds, Load.UNMETERED)));
    } catch (IOException e) {
      outcome.note("allocation could not be measured: " + e.getMessage());
    }
  }

  private void tryTo(PeerKind kind, Step step) throws InterruptedException {
    try {
      step.run();
    } catch (IOException e) {
      String reason = "failed: " + e.getMessage();
      if (kind == PeerKind.MELTEMI) {
        outcome.failed(reason);
      }
      drop(kind, reason);
    }
  }

  @Override
  public void close() {
    peers.values().forEach(Deployment::close);
    peers.clear();
  }

  @FunctionalInterface
  private interface Step {
    void run() throws IOException, InterruptedException;
  }

  /** Turns what was measured into figures. */
  @FunctionalInterface
  interface Figures {
    void add(Measured measured, Map<Metric, Double> figures) throws IOException;
  }

  /**
   * A metered load.
   *
   * @param load what it achieved
   * @param cpu what the peer used for it
   */
  record Measured(LoadResult load, CpuTime cpu) {}
}
