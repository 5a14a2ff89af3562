package io.meltemi.bench.scenario;

import io.meltemi.bench.report.Machine;
import io.meltemi.bench.report.Outcome;
import io.meltemi.bench.report.TargetRow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** One thing to measure, with the target rows it fills. */
public final class Scenario {
  private final String name;
  private final String description;
  private final List<TargetRow> rows;
  private final List<PeerKind> peers;
  private final Procedure procedure;

  Scenario(
      String name,
      String description,
      List<TargetRow> rows,
      List<PeerKind> peers,
      Procedure procedure) {
    this.name = name;
    this.description = description;
    this.rows = List.copyOf(rows);
    this.peers = List.copyOf(peers);
    this.procedure = procedure;
  }

  public String name() {
    return name;
  }

  public String description() {
    return description;
  }

  public List<TargetRow> rows() {
    return rows;
  }

  /** Runs it. A scenario that fails says so in its outcome; the others go on. */
  public Outcome run(Lab lab) throws InterruptedException {
    Outcome outcome = new Outcome(name, description, rows);
    List<PeerKind> present = new ArrayList<>();
    for (PeerKind peer : peers) {
      Optional<String> missing = peer.missing();
      if (missing.isPresent()) {
        outcome.without(peer.title(), missing.get());
      } else {
        present.add(peer);
      }
    }
    try {
      outcome.loadAverage(Machine.loadAverage());
      double busy = lab.othersCpuSeconds();
      long begun = System.nanoTime();
      procedure.run(lab, present, outcome);
      outcome.othersCores((lab.othersCpuSeconds() - busy) / ((System.nanoTime() - begun) / 1e9));
    } catch (IOException | RuntimeException e) {
      outcome.failed("failed: " + Objects.requireNonNullElse(e.getMessage(), e.toString()));
    }
    return outcome;
  }
}
