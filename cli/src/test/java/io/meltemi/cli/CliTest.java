package io.meltemi.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class CliTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void helpListsEveryCommandWithExamples() {
    assertEquals(0, run("--help"));
    for (Commands.Entry entry : Commands.ALL) {
      assertTrue(out.toString().contains("  " + entry.name()), entry.name());
    }
    assertTrue(out.toString().contains("Examples:"), out.toString());
  }

  @Test
  void everyCommandHasHelpWithExamples() {
    for (Commands.Entry entry : Commands.ALL) {
      out.getBuffer().setLength(0);
      assertEquals(0, run(entry.name(), "--help"), entry.name());
      assertTrue(out.toString().contains("meltemi " + entry.name()), out.toString());
      assertTrue(out.toString().contains("Examples:"), out.toString());
    }
  }

  @Test
  void misspeltCommandIsCorrected() {
    assertEquals(Cli.EXIT_USAGE, run("verison"));
    assertTrue(err.toString().contains("version"), err.toString());
  }

  @Test
  void noCommandIsWrongUsage() {
    assertEquals(Cli.EXIT_USAGE, run());
    assertTrue(err.toString().contains("Commands:"), err.toString());
  }

  @Test
  void unknownOptionIsWrongUsage() {
    assertEquals(Cli.EXIT_USAGE, run("version", "--nope"));
    assertTrue(err.toString().contains("--nope"), err.toString());
  }

  @Test
  void versionIsPrintedInEachForm() {
    assertEquals(0, run("version"));
    assertTrue(out.toString().matches("meltemi \\d+\\.\\d+\\.\\d+\\S*\\R.*java 2\\d.*\\R"));
    out.getBuffer().setLength(0);
    assertEquals(0, run("version", "-o", "json"));
    assertTrue(out.toString().contains("\"clientVersion\""), out.toString());
    assertFalse(out.toString().contains("${"), out.toString());
  }

  @Test
  void proxyRefusesUnknownFlagsAndBrokenBootstraps() {
    assertEquals(Cli.EXIT_USAGE, run("proxy", "--no-such-flag"));
    assertTrue(err.toString().contains("--no-such-flag"), err.toString());
    assertEquals(Cli.EXIT_USAGE, run("proxy"));
    assertEquals(1, run("proxy", "--config-yaml", "static_resources: {listeners: [{nme: x}]}"));
    assertTrue(err.toString().contains("nme"), err.toString());
    assertEquals(0, run("proxy", "--mode", "validate", "--config-yaml", "static_resources: {}"));
  }

  @Test
  void discoveryRefusesWhatItCannotDo() {
    assertEquals(Cli.EXIT_USAGE, run("discovery", "--configDir", "no-such-directory"));
    assertTrue(err.toString().contains("no-such-directory"), err.toString());
    assertEquals(Cli.EXIT_USAGE, run("discovery", "--configDir", ".", "--grpcAddr", "nonsense"));
    assertEquals(
        Cli.EXIT_USAGE, run("discovery", "--configDir", ".", "--registries", "Kubernetes"));
    assertTrue(err.toString().contains("--registries: found Kubernetes"), err.toString());
    assertEquals(
        Cli.EXIT_USAGE, run("discovery", "--configDir", ".", "--log_output_level", "loud"));
  }

  @Test
  void upRefusesADirectoryThatIsNotThere() {
    assertEquals(1, run("up", "no-such-directory"));
    assertTrue(out.toString().contains("no-such-directory is not a directory"), out.toString());
    assertEquals(Cli.EXIT_USAGE, run("up"));
  }

  private int run(String... arguments) {
    return new Cli(new PrintWriter(out, true), new PrintWriter(err, true)).run(arguments);
  }
}
