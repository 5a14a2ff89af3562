package io.meltemi.cli;

import io.meltemi.cli.command.proxy.ProxyProcess;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutionException;

/** The entry of every process. */
public final class Main {
  private Main() {}

  /** Runs a command and exits with its code. */
  public static void main(String[] arguments) {
    LogConfiguration.use();
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(run(List.of(arguments), out, err));
  }

  private static int run(List<String> arguments, PrintWriter out, PrintWriter err) {
    if (!arguments.isEmpty() && arguments.getFirst().equals("proxy")) {
      List<String> rest = arguments.subList(1, arguments.size());
      if (ProxyProcess.takes(rest)) {
        return proxy(rest, out, err);
      }
    }
    return new Cli(out, err).run(arguments.toArray(String[]::new));
  }

  private static int proxy(List<String> arguments, PrintWriter out, PrintWriter err) {
    try {
      return new ProxyProcess(out, err).run(arguments);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }
}
