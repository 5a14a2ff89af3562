package io.meltemi.it.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What can stand behind a bootstrap: both take the same file by the same command line. */
public enum DataPlane {
  MELTEMI {
    @Override
    List<String> command(String... arguments) {
      String[] all = new String[arguments.length + 1];
      all[0] = "proxy";
      System.arraycopy(arguments, 0, all, 1, arguments.length);
      return Program.meltemi(all);
    }
  },
  ENVOY {
    @Override
    List<String> command(String... arguments) {
      List<String> command = new java.util.ArrayList<>();
      command.add(EnvoyBinary.require().toString());
      command.addAll(List.of(arguments));
      // as Istio's agent starts it: connections to old configuration end with their next answer
      command.addAll(
          List.of(
              "--use-dynamic-base-id", "--drain-time-s", "45", "--drain-strategy", "immediate"));
      return command;
    }
  };

  abstract List<String> command(String... arguments);

  /** Starts the data plane on a bootstrap file, one worker; not yet ready. */
  public Program start(String name, Path directory, String bootstrap) throws IOException {
    Path file = directory.resolve(name + ".yaml");
    Files.writeString(file, bootstrap);
    return Program.start(
        name + "-" + name().toLowerCase(java.util.Locale.ROOT),
        directory,
        command("-c", file.toString(), "--concurrency", "1"));
  }
}
