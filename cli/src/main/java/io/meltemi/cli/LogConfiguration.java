package io.meltemi.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.logging.LogManager;

/** The JDK makes one of these when a process first logs: its default, with our line. */
public final class LogConfiguration {
  private static final String PROPERTIES =
      """
      handlers=java.util.logging.ConsoleHandler
      .level=INFO
      java.util.logging.ConsoleHandler.formatter=io.meltemi.cli.LineFormatter
      """;

  public LogConfiguration() throws IOException {
    LogManager.getLogManager()
        .readConfiguration(
            new ByteArrayInputStream(PROPERTIES.getBytes(StandardCharsets.ISO_8859_1)));
  }

  /** Takes effect before anything is logged, unless the command line configures logging. */
  static void use() {
    // for files of --log-path
    System.setProperty("java.util.logging.SimpleFormatter.format", LineFormatter.PATTERN);
    if (System.getProperty("java.util.logging.config.file") == null
        && System.getProperty("java.util.logging.config.class") == null) {
      System.setProperty("java.util.logging.config.class", LogConfiguration.class.getName());
    }
  }
}
