package io.meltemi.bench.controlplane;

import io.meltemi.bench.process.Children;
import io.meltemi.bench.swarm.Played;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The simulator that stands beside the project, with what the reference cost under it. Built with
 * Go for each run.
 */
final class Adsim implements Simulator {
  private static final Duration RUN_MAX = Duration.ofMinutes(15);

  private final Children children;
  private final Path source;
  private final Path binary;

  private Adsim(Children children, Path source, Path binary) {
    this.children = children;
    this.source = source;
    this.binary = binary;
  }

  /** Where it is, when it and the program that builds it are there. */
  static Optional<Path> find(Path launcher) {
    Path source = launcher.toAbsolutePath().resolveSibling("../shared/adsim").normalize();
    return Files.isDirectory(source) && go().isPresent() ? Optional.of(source) : Optional.empty();
  }

  private static Optional<Path> go() {
    return Stream.concat(
            Stream.of(Optional.ofNullable(System.getenv("PATH")).orElse("").split(":"))
                .filter(directory -> !directory.isEmpty()),
            Stream.of("/usr/local/go/bin"))
        .map(directory -> Path.of(directory, "go"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  static Adsim build(Children children, Path source, Path directory)
      throws IOException, InterruptedException {
    Adsim adsim = new Adsim(children, source, directory.resolve("adsim"));
    adsim.call(
        "build",
        List.of(go().orElseThrow().toString(), "build", "-o", adsim.binary.toString(), "."));
    return adsim;
  }

  @Override
  public String name() {
    return "adsim";
  }

  @Override
  public String note() {
    return """
    The sidecars are those of `../shared/adsim`, whose README says what each figure is. Beside them
    stands what the reference's istiod cost on the same machine under the same load, with an API
    server (`../shared/adsim/istiod-baseline.md`).
    """;
  }

  @Override
  public Input write(Path directory, Cell cell) throws IOException, InterruptedException {
    call(
        "generate",
        List.of(
            "python3",
            source.resolve("gen.py").toString(),
            directory.toString(),
            "--services",
            Integer.toString(cell.services())));
    return new Input(directory, directory.resolve("yaml"), directory.resolve("mesh.yaml"));
  }

  @Override
  public Measured load(Input input, Cell cell, Server server, Load load)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                binary.toString(),
                "--addr",
                "127.0.0.1:" + server.port(),
                "--plaintext",
                "--proxies",
                Integer.toString(cell.proxies()),
                "--proxies-file",
                input.directory().resolve("proxies.txt").toString(),
                "--scenario",
                input.directory().resolve("scenario-file.json").toString(),
                "--dir",
                input.config().toString(),
                "--pid",
                Long.toString(server.pid()),
                "--rounds",
                Integer.toString(load.rounds())));
    if (load.played() != Played.ENVOY) {
      Path template = input.directory().resolve("node.json");
      Files.writeString(template, load.played().template());
      command.addAll(List.of("--node-template", template.toString()));
    }
    return Measured.ofSimulator(call("simulator", command));
  }

  @Override
  public Measured reference(Cell cell) throws IOException {
    return Measured.ofBaseline(
        Files.readString(source.resolve("istiod-baseline.md")), "se-" + cell);
  }

  private String call(String name, List<String> command) throws IOException, InterruptedException {
    List<String> there = new ArrayList<>(List.of("env", "-C", source.toString()));
    there.addAll(command);
    return children.call(name, there, RUN_MAX);
  }
}
