package io.meltemi.bench.controlplane;

import io.meltemi.bench.swarm.Played;
import java.io.IOException;
import java.nio.file.Path;

/** What plays the sidecars, and knows the mesh that they are in. */
interface Simulator {
  /** As the tables name it. */
  String name();

  /** What people should know of its figures; a paragraph. */
  String note();

  /**
   * Writes the configuration of a mesh.
   *
   * @param directory that is empty or not there
   */
  Input write(Path directory, Cell cell) throws IOException, InterruptedException;

  /** Loads a control plane that has read an input and is ready. */
  Measured load(Input input, Cell cell, Server server, Load load)
      throws IOException, InterruptedException;

  /** What the reference cost under the same load; nothing where that is not known. */
  Measured reference(Cell cell) throws IOException;

  /**
   * Files that the control plane reads.
   *
   * @param directory in which everything is
   * @param config with the resources
   * @param mesh settings of the mesh
   */
  record Input(Path directory, Path config, Path mesh) {}

  /**
   * How it is loaded.
   *
   * @param played what the sidecars say that they are
   * @param rounds of each change
   */
  record Load(Played played, int rounds) {}

  /**
   * A control plane.
   *
   * @param port of its plain gRPC
   */
  record Server(int port, long pid) {}
}
