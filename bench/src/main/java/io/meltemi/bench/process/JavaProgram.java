package io.meltemi.bench.process;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Our own programs, each in a JVM of its own so that its pauses and its time are not ours. */
public final class JavaProgram {
  private JavaProgram() {}

  /**
   * The command line of a program that any directory may run.
   *
   * @param options of the JVM that matter to it, such as its heap
   * @param name of the class, complete
   */
  public static List<String> command(List<String> options, String name, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:+UseSerialGC");
    command.addAll(options);
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            classPath(),
            name));
    command.addAll(arguments);
    return command;
  }

  /** This program's class path for a process that runs in another directory. */
  private static String classPath() {
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Stream.of(path.split(File.pathSeparator))
        .map(entry -> new File(entry).getAbsolutePath())
        .collect(Collectors.joining(File.pathSeparator));
  }
}
