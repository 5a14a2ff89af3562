package io.meltemi.embedded;

import io.meltemi.embedded.console.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/**
 * The log of the control plane and the proxies of a run: everything goes to a file, warnings also
 * to the person. Any thread.
 */
final class RunLog extends Handler {
  private static final int FILE_CHARS_MAX = 20 << 20;

  /** What the person has been told already, with its place. */
  private static final String CONFIGURATION = "configuration: ";

  private final PrintWriter file;
  private final Formatter formatter = new SimpleFormatter();
  private final Console console;
  private long written;
  private volatile boolean quiet;

  private RunLog(PrintWriter file, Console console) {
    this.file = file;
    this.console = console;
  }

  /** Takes the place of the JVM's handlers; the log of the run before is kept as {@code .1}. */
  static RunLog open(Path path, Console console) throws IOException {
    LogManager.getLogManager().reset();
    if (Files.exists(path)) {
      Files.move(
          path,
          path.resolveSibling(path.getFileName() + ".1"),
          StandardCopyOption.REPLACE_EXISTING);
    }
    RunLog log = new RunLog(new PrintWriter(Files.newBufferedWriter(path)), console);
    Logger.getLogger("").addHandler(log);
    return log;
  }

  /** From now on nothing is told to the person. */
  void tellNothing() {
    quiet = true;
  }

  @Override
  public void publish(LogRecord record) {
    write(formatter.format(record));
    String message = record.getMessage();
    boolean told = message != null && message.startsWith(CONFIGURATION);
    if (record.getLevel().intValue() >= Level.WARNING.intValue() && !told && !quiet) {
      boolean severe = record.getLevel().intValue() >= Level.SEVERE.intValue();
      console.line(
          severe ? Console.Event.ERROR : Console.Event.WARNING, formatter.formatMessage(record));
    }
  }

  private synchronized void write(String text) {
    if (written <= FILE_CHARS_MAX) {
      written += text.length();
      file.print(written > FILE_CHARS_MAX ? "the log is full\n" : text);
      file.flush();
    }
  }

  @Override
  public void flush() {
    file.flush();
  }

  @Override
  public void close() {
    // the JVM's own shutdown hook may close it while others still log: a closed writer is silent
    file.close();
  }
}
