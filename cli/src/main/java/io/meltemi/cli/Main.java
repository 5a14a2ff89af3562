package io.meltemi.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** The entry of every process. */
public final class Main {
  private Main() {}

  /** Runs a command and exits with its code. */
  public static void main(String[] arguments) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(new Cli(out, err).run(arguments));
  }
}
