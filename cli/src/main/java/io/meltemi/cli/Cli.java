package io.meltemi.cli;

import java.io.PrintWriter;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command line. Of all commands only the named one is built, because reading a command's
 * annotations costs more than running a short one.
 */
final class Cli {
  static final int EXIT_USAGE = CommandLine.ExitCode.USAGE;

  private final PrintWriter out;
  private final PrintWriter err;

  Cli(PrintWriter out, PrintWriter err) {
    this.out = out;
    this.err = err;
  }

  /** Runs a command line; the exit code. */
  int run(String... arguments) {
    CommandLine commandLine = new CommandLine(new Root());
    commandLine.getCommandSpec().addOption(help());
    Optional<Commands.Entry> named =
        arguments.length == 0 ? Optional.empty() : Commands.find(arguments[0]);
    if (named.isPresent()) {
      add(commandLine, named.get());
    } else {
      Commands.ALL.forEach(entry -> add(commandLine, entry));
      commandLine.addSubcommand(new CommandLine.HelpCommand());
    }
    return commandLine
        .setOut(out)
        .setErr(err)
        .setUsageHelpAutoWidth(true)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(this::failed)
        .execute(arguments);
  }

  private static void add(CommandLine commandLine, Commands.Entry entry) {
    CommandLine command = new CommandLine(entry.command().get());
    command.getCommandSpec().addOption(help());
    commandLine.addSubcommand(entry.name(), command);
  }

  private static OptionSpec help() {
    return OptionSpec.builder("-h", "--help")
        .usageHelp(true)
        .description("Shows this help.")
        .build();
  }

  private int failed(
      Exception exception, CommandLine commandLine, CommandLine.ParseResult parseResult) {
    if (exception instanceof java.io.IOException) {
      err.println("meltemi: " + exception.getMessage());
    } else {
      err.println("meltemi: this is a bug, please report it");
      exception.printStackTrace(err);
    }
    return CommandLine.ExitCode.SOFTWARE;
  }

  /** What {@code meltemi} alone does: tells how to go on. */
  @Command(
      name = "meltemi",
      description = {
        "A service mesh that takes Istio's configuration, in Java: control plane, proxy, and a"
            + " whole mesh on one machine.",
        ""
      },
      synopsisSubcommandLabel = "COMMAND",
      commandListHeading = "%nCommands:%n",
      footer = {
        "",
        "Examples:",
        "  meltemi up samples/bookinfo             a mesh from a directory of YAML, here and now",
        "  meltemi discovery --configDir conf      a control plane for Envoy or meltemi proxies",
        "  meltemi proxy -c envoy.yaml             a proxy from an Envoy bootstrap",
        "  meltemi up --help                       more about one command",
        "",
        "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration."
      })
  private static final class Root implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
      throw new ParameterException(spec.commandLine(), "a command is missing");
    }
  }
}
