package io.meltemi.cli.command.proxy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/** Runs a proxy from an Envoy bootstrap. */
@Command(
    name = "proxy",
    description = {
      "Runs a proxy from an Envoy v3 bootstrap (YAML or JSON), with Envoy's command line. What the"
          + " bootstrap asks for and this proxy does not have is named, all of it, and the proxy"
          + " does not start.",
      ""
    },
    customSynopsis = "meltemi proxy -c FILE [ENVOY FLAGS]",
    footer = {
      "",
      "Examples:",
      "  meltemi proxy -c envoy.yaml --concurrency 1",
      "  meltemi proxy -c envoy.yaml --mode validate",
      "  meltemi proxy --flags                     every flag of Envoy and what it does here",
      "",
      "Exit codes: 0 ended, 1 could not start, 2 wrong usage."
    })
public final class ProxyCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--flags", description = "Lists Envoy's flags and what each does here.")
  private boolean flags;

  @Unmatched private List<String> arguments = new ArrayList<>();

  @Override
  public Integer call() throws InterruptedException, ExecutionException {
    ProxyProcess process =
        new ProxyProcess(spec.commandLine().getOut(), spec.commandLine().getErr());
    return flags ? process.listFlags() : process.run(arguments);
  }
}
