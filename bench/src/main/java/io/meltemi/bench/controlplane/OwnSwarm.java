package io.meltemi.bench.controlplane;

import io.meltemi.bench.process.Children;
import io.meltemi.bench.process.JavaProgram;
import io.meltemi.bench.swarm.MeshFiles;
import io.meltemi.bench.swarm.SwarmMain;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** Our own simulator, for machines without the other. */
final class OwnSwarm implements Simulator {
  private static final Duration RUN_MAX = Duration.ofMinutes(15);

  private final Children children;

  OwnSwarm(Children children) {
    this.children = children;
  }

  @Override
  public String name() {
    return "own swarm";
  }

  @Override
  public String note() {
    return """
    The sidecars are our own (`io.meltemi.bench.swarm`), as `../shared/adsim` or Go was not there. The
    reference was measured with another client, so there is no ratio to it; bytes that a stream had
    already are judged all the same.
    """;
  }

  @Override
  public Input write(Path directory, Cell cell) throws IOException {
    MeshFiles mesh = new MeshFiles(directory, cell.services());
    mesh.write();
    return new Input(directory, mesh.config(), mesh.mesh());
  }

  @Override
  public Measured load(Input input, Cell cell, Server server, Load load)
      throws IOException, InterruptedException {
    return Measured.ofSwarm(
        children.call(
            "swarm",
            JavaProgram.command(
                List.of("-Xms256m", "-Xmx2g", "-Xmn128m"),
                SwarmMain.class.getName(),
                List.of(
                    Integer.toString(server.port()),
                    Long.toString(server.pid()),
                    input.directory().toString(),
                    Integer.toString(cell.services()),
                    Integer.toString(cell.proxies()),
                    load.played().name(),
                    Integer.toString(load.rounds()))),
            RUN_MAX));
  }

  @Override
  public Measured reference(Cell cell) {
    return new Measured(Map.of(), OptionalDouble.empty(), "", "");
  }
}
