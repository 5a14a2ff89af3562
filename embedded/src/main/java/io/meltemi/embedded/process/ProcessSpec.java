package io.meltemi.embedded.process;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What to run.
 *
 * @param name for people, such as the pod's name
 * @param command program and arguments
 * @param environment added to the environment of this process
 * @param directory where it starts
 * @param log takes what it prints
 * @param readiness how to see that it can take traffic
 */
public record ProcessSpec(
    String name,
    List<String> command,
    Map<String, String> environment,
    Path directory,
    Path log,
    Readiness readiness) {
  public ProcessSpec {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
    if (command.isEmpty()) {
      throw new IllegalArgumentException("command is empty (expected: a program)");
    }
  }
}
