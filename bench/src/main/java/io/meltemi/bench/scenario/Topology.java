package io.meltemi.bench.scenario;

import java.io.IOException;

/** Puts a peer between a load and a backend. */
@FunctionalInterface
interface Topology {
  /**
   * Starts the peer and what it needs; everything listens when this returns.
   *
   * @throws PeerException when the peer refuses its configuration, or has none for this
   */
  Deployment deploy(Lab lab, PeerKind kind) throws IOException, InterruptedException;
}
