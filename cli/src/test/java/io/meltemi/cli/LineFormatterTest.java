package io.meltemi.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.time.ZoneId;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LineFormatterTest {
  @Test
  void looksAsThePatternDoes() {
    for (Level level : new Level[] {Level.INFO, Level.WARNING, Level.FINE}) {
      LogRecord entry = new LogRecord(level, "took {0} ms");
      entry.setParameters(new Object[] {7});
      entry.setInstant(Instant.parse("2026-03-04T05:06:07.008Z"));
      String expected =
          String.format(
              LineFormatter.PATTERN,
              entry.getInstant().atZone(ZoneId.systemDefault()),
              "",
              "",
              level.getName(),
              "took 7 ms",
              "");
      assertEquals(expected, new LineFormatter().format(entry));
    }
  }

  @Test
  void aStackTraceFollows() {
    LogRecord entry = new LogRecord(Level.SEVERE, "no");
    entry.setThrown(new IllegalStateException("why"));
    String text = new LineFormatter().format(entry);
    assertTrue(text.contains(" SEVERE  no" + System.lineSeparator()), text);
    assertTrue(text.contains("java.lang.IllegalStateException: why"), text);
    assertTrue(text.endsWith(System.lineSeparator()), text);
  }
}
