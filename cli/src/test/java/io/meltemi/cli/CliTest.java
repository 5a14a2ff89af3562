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
      assertTrue(out.toString().contains("Usage: meltemi " + entry.name()), out.toString());
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

  private int run(String... arguments) {
    return new Cli(new PrintWriter(out, true), new PrintWriter(err, true)).run(arguments);
  }
}
