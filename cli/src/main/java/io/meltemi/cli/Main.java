package io.meltemi.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** The entry of every process. */
public final class Main {
  /** Time, level, text and stack trace in one line each. */
  private static final String LOG_FORMAT = "%1$tFT%1$tT.%1$tL%1$tz %4$-7s %5$s%6$s%n";

  private Main() {}

  /** Runs a command and exits with its code. */
  public static void main(String[] arguments) {
    System.setProperty("java.util.logging.SimpleFormatter.format", LOG_FORMAT);
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(new Cli(out, err).run(arguments));
  }
}
