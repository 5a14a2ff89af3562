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
import java.util.List;
import java.util.concurrent.ExecutionException;

/**
 * A process that is one proxy. A sidecar pays for every class it loads, in start-up time and in
 * memory, so this knows nothing of the command line's library.
 */
public final class ProxyProcess {
  private final PrintWriter out;
  private final PrintWriter err;

  public ProxyProcess(PrintWriter out, PrintWriter err) {
    this.out = out;
    this.err = err;
  }

  /** Whether the arguments can go straight to {@link #run}: they ask for no help and no list. */
  public static boolean takes(List<String> arguments) {
    return !arguments.contains("-h")
        && !arguments.contains("--help")
        && !arguments.contains("--flags");
  }

  /**
   * Runs until the proxy ends.
   *
   * @param arguments as given to {@code envoy}
   * @return the exit code
   */
  public int run(List<String> arguments) throws InterruptedException, ExecutionException {
    Proxy.prepareProcess();
    Validation<ProxySettings> parsed = ProxySettings.parse(arguments);
    parsed.warnings().forEach(warning -> err.println("meltemi proxy: " + warning));
    switch (parsed) {
      case Validation.Invalid<ProxySettings>(List<Violation> errors, _) -> {
        errors.forEach(error -> err.println("meltemi proxy: " + error));
        return 2;
      }
      case Validation.Valid<ProxySettings>(ProxySettings settings, _) -> {
        if (settings.validateOnly()) {
          return validate(settings);
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
  private int validate(ProxySettings settings) {
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

  /** Prints every flag of Envoy and what it does here. */
  int listFlags() {
    ProxyFlag.all().forEach(this::print);
    return 0;
  }

  private static String source(ProxySettings settings) {
    return settings.configPath().map(Object::toString).orElse("--config-yaml");
  }

  private void print(ProxyFlag flag) {
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
