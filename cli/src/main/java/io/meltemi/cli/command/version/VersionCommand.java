package io.meltemi.cli.command.version;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints the version of this program and of its Java. */
@Command(
    name = "version",
    description = "Prints the version.",
    footer = {
      "",
      "Examples:",
      "  meltemi version",
      "  meltemi version -o json    as istioctl's clientVersion"
    })
public final class VersionCommand implements Callable<Integer> {
  /** Forms of output. */
  enum Output {
    TEXT,
    JSON
  }

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "text or json.",
      defaultValue = "text")
  private Output output = Output.TEXT;

  @Option(
      names = {"-s", "--short"},
      description = "The number alone.")
  private boolean shortForm;

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    String version = version();
    String java = Runtime.version().toString();
    switch (output) {
      case JSON ->
          out.printf(
              "{%n  \"clientVersion\": {%n    \"version\": \"%s\",%n    \"java_version\": \"%s\"%n"
                  + "  }%n}%n",
              version, java);
      case TEXT -> {
        if (shortForm) {
          out.println(version);
        } else {
          out.printf("meltemi %s%njava %s%n", version, java);
        }
      }
    }
    return 0;
  }

  /** The version of this build, such as {@code 0.1.0}. */
  public static String version() throws IOException {
    Properties properties = new Properties();
    try (InputStream in = VersionCommand.class.getResourceAsStream("version.properties")) {
      properties.load(Objects.requireNonNull(in, "version.properties"));
    }
    return properties.getProperty("version");
  }
}
