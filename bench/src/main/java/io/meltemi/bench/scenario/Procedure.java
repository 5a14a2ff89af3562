package io.meltemi.bench.scenario;

import io.meltemi.bench.report.Outcome;
import java.io.IOException;
import java.util.List;

/** How the figures of a scenario are taken. */
@FunctionalInterface
interface Procedure {
  /** Runs all rounds of the peers and adds what they gave to the outcome. */
  void run(Lab lab, List<PeerKind> peers, Outcome outcome) throws IOException, InterruptedException;
}
