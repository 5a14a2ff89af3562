package io.meltemi.cli.command.proxy;

import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.Proxy;
import io.meltemi.proxy.ProxyEnvironment;
import io.meltemi.proxy.ProxyFlag;
import io.meltemi.proxy.ProxySettings;
import io.meltemi.proxy.ProxyStartException;
import java.io.IOException;
import java.io.PrintWriter;
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
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    if (flags) {
      ProxyFlag.all().forEach(flag -> print(flag, out));
      return 0;
    }
    Validation<ProxySettings> parsed = ProxySettings.parse(arguments);
    parsed.warnings().forEach(warning -> err.println("meltemi proxy: " + warning));
    switch (parsed) {
      case Validation.Invalid<ProxySettings>(List<Violation> errors, _) -> {
        errors.forEach(error -> err.println("meltemi proxy: " + error));
        return 2;
      }
      case Validation.Valid<ProxySettings>(ProxySettings settings, _) -> {
        if (settings.validateOnly()) {
          return validate(settings, out, err);
        }
        try {
          settings.logging().apply();
        } catch (IOException e) {
          err.println("meltemi proxy: --log-path: " + e);
          return 1;
        }
        try (Proxy proxy = Proxy.start(settings, ProxyEnvironment.ofProcess())) {
          Thread hook = new Thread(proxy::close, "stop");
          Runtime.getRuntime().addShutdownHook(hook);
          proxy.terminated().get();
          return 0;
        } catch (ProxyStartException e) {
          err.println("meltemi proxy: " + source(settings) + " cannot be served:");
          err.println(e.getMessage());
          return 1;
        }
      }
    }
  }

  /** Binds nothing. */
  private static int validate(ProxySettings settings, PrintWriter out, PrintWriter err) {
    try {
      Proxy.validate(settings, ProxyEnvironment.ofProcess())
          .forEach(warning -> err.println("meltemi proxy: " + warning));
      out.println("configuration '" + source(settings) + "' OK");
      return 0;
    } catch (ProxyStartException e) {
      err.println("meltemi proxy: " + source(settings) + " cannot be served:");
      err.println(e.getMessage());
      return 1;
    }
  }

  private static String source(ProxySettings settings) {
    return settings.configPath().map(Object::toString).orElse("--config-yaml");
  }

  private static void print(ProxyFlag flag, PrintWriter out) {
    String names = String.join(", ", flag.names());
    String argument = flag.argument().isEmpty() ? "" : " <" + flag.argument() + ">";
    out.println(names + argument);
    switch (flag.effect()) {
      case APPLIED -> out.println("    " + flag.description());
      case WITHOUT_EFFECT ->
          out.println("    " + flag.description() + "; no effect: " + flag.reason());
      case REFUSED -> out.println("    " + flag.description() + "; refused: " + flag.reason());
    }
  }
}
