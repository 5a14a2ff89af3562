package io.meltemi.bench.scenario;

import io.meltemi.bench.load.Target;
import io.meltemi.bench.process.Child;
import io.meltemi.bench.process.CpuTime;
import io.meltemi.bench.process.Memory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A peer in its place, ready for load.
 *
 * @param measured the processes whose time and memory count
 * @param others what it needs besides; ended with it
 * @param target where the load goes
 * @param adminPort of the first measured process; 0 when it has none
 * @param log where the measured processes write a line for each request; empty when they do not
 */
record Deployment(
    List<Child> measured, List<Child> others, Target target, int adminPort, Optional<Path> log)
    implements AutoCloseable {
  Deployment {
    measured = List.copyOf(measured);
    others = List.copyOf(others);
  }

  /** Without an access log. */
  Deployment(List<Child> measured, List<Child> others, Target target, int adminPort) {
    this(measured, others, target, adminPort, Optional.empty());
  }

  Deployment withLog(Path file) {
    return new Deployment(measured, others, target, adminPort, Optional.of(file));
  }

  /** Length of the access log; 0 when there is none. */
  long loggedBytes() throws IOException {
    return log.isPresent() && Files.exists(log.get()) ? Files.size(log.get()) : 0;
  }

  CpuTime cpu() throws IOException {
    CpuTime sum = CpuTime.ZERO;
    for (Child child : measured) {
      sum = sum.plus(child.cpu());
    }
    return sum;
  }

  /** The part of {@link #cpu} that went to compiling. */
  CpuTime compilerCpu() throws IOException {
    CpuTime sum = CpuTime.ZERO;
    for (Child child : measured) {
      sum = sum.plus(child.compilerCpu());
    }
    return sum;
  }

  Memory memory() throws IOException {
    Memory sum = Memory.ZERO;
    for (Child child : measured) {
      sum = sum.plus(child.memory());
    }
    return sum;
  }

  /** Fails when a measured process has ended. */
  void check() throws PeerException {
    for (Child child : measured) {
      if (!child.isAlive()) {
        throw new PeerException(child.name() + " ended under load: " + child.output());
      }
    }
  }

  @Override
  public void close() {
    measured.forEach(Child::close);
    others.forEach(Child::close);
  }
}
