package io.meltemi.bench;

import io.meltemi.bench.controlplane.ControlPlaneBench;
import io.meltemi.bench.translation.TranslationBench;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** {@code meltemi bench}. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    String launcher = Optional.ofNullable(System.getenv("MELTEMI_LAUNCHER")).orElse("./meltemi");
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    int code;
    try {
      code =
          switch (args.length == 0 ? "" : args[0]) {
            case "control-plane" -> ControlPlaneBench.run(List.of(args), Path.of(launcher), out);
            case "generators" -> TranslationBench.run(List.of(args), Path.of(launcher), out);
            default -> DataPlaneBench.run(List.of(args), launcher, out);
          };
    } catch (IllegalArgumentException e) {
      System.err.println("meltemi bench: " + e.getMessage());
      System.err.print(Arguments.USAGE);
      code = 2;
    }
    System.exit(code);
  }
}
