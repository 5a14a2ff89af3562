package io.meltemi.cli.command.up;

import io.meltemi.cli.command.version.VersionCommand;
import io.meltemi.embedded.Up;
import io.meltemi.embedded.UpSettings;
import java.io.Console;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs a whole mesh on this machine. */
@Command(
    name = "up",
    description = {
      "Runs a whole mesh on this machine from a directory of YAML: the control plane, the ingress"
          + " gateway, a sidecar for each pod, and the pods as child processes.",
      "",
      "The directory holds ordinary Kubernetes and Istio manifests (files *.yaml, *.yml, *.json"
          + " at its top level), and meltemi.yaml, which says what command runs each container"
          + " image here. Edit, add and delete files while it runs; Ctrl-C stops everything.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  meltemi up samples/bookinfo",
      "  cp samples/bookinfo/networking/reviews-90-10.yaml samples/bookinfo/try.yaml",
      "",
      "Exit codes: 0 stopped, 1 could not start, 2 wrong usage."
    })
public final class UpCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "DIR", description = "Directory of the manifests.")
  private Path directory = Path.of(".");

  @Option(
      names = "--state-dir",
      paramLabel = "DIR",
      description = "Where logs go (default: ~/.meltemi/run).")
  private Path state = Path.of(System.getProperty("user.home"), ".meltemi", "run");

  @Option(
      names = "--rehearse",
      description = "Stop as soon as all is ready and the first URL has answered.")
  private boolean rehearse;

  private static boolean isTerminal() {
    @SuppressWarnings("SystemConsoleNull") // its documentation still allows null
    Console console = System.console();
    return console != null && console.isTerminal() && System.getenv("NO_COLOR") == null;
  }

  @Override
  public Integer call() throws Exception {
    Path root = Path.of(System.getProperty("meltemi.root", "."));
    String program = System.getProperty("os.name").startsWith("Windows") ? "java.exe" : "java";
    UpSettings settings =
        new UpSettings(
            directory.toAbsolutePath().normalize(),
            root.toAbsolutePath().normalize(),
            Path.of(System.getProperty("java.home"), "bin", program),
            state.toAbsolutePath().normalize(),
            VersionCommand.version(),
            rehearse);
    return new Up(settings, spec.commandLine().getOut(), isTerminal()).run();
  }
}
