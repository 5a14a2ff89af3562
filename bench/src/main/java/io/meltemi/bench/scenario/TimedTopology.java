package io.meltemi.bench.scenario;

import java.io.IOException;

/** Writes a peer's configuration, so that starting it can be timed. */
@FunctionalInterface
interface TimedTopology {
  Prepared prepare(Lab lab, PeerKind kind) throws IOException, InterruptedException;

  /**
   * What is ready to be started.
   *
   * @param configuration its text
   * @param port where the proxy will listen
   */
  record Prepared(String configuration, int port) {}
}
