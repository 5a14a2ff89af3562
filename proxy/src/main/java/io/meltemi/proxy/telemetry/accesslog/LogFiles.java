package io.meltemi.proxy.telemetry.accesslog;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.Stats;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The open log files of one proxy, each opened once however many listeners write to it. Any thread;
 * opening blocks for the file system.
 */
public final class LogFiles implements AutoCloseable {
  private final Map<String, LogFile> open = new LinkedHashMap<>();
  private final Stats stats;
  private final Ticker ticker;
  private final long flushNanos;
  private final PrintStream stdout;
  private final PrintStream stderr;

  /**
   * @param ticker the machine's: writers wait in real time
   * @param flushNanos how long a line may wait before it is written ({@code file_flush_interval})
   */
  public LogFiles(
      Stats stats, Ticker ticker, long flushNanos, PrintStream stdout, PrintStream stderr) {
    this.stats = stats;
    this.ticker = ticker;
    this.flushNanos = flushNanos;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** Where standard output and standard error are known as files. */
  synchronized LogFile open(String path) throws IOException {
    LogFile known = open.get(path);
    if (known == null) {
      known = new LogFile(path, stream(path), flushNanos, ticker, stats);
      open.put(path, known);
    }
    return known;
  }

  /**
   * A file that takes lines without their end.
   *
   * @throws IOException when it cannot be written
   */
  public Consumer<String> lines(String path) throws IOException {
    LogFile file = open(path);
    return line -> {
      byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
      file.add(bytes, bytes.length);
    };
  }

  private OutputStream stream(String path) throws IOException {
    return switch (path) {
      case "/dev/stdout" -> new Unowned(stdout);
      case "/dev/stderr" -> new Unowned(stderr);
      default ->
          Files.newOutputStream(
              Path.of(path), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    };
  }

  /** Writes everything that waits; returns when done. */
  public void flush() {
    java.util.List<LogFile> files;
    synchronized (this) {
      files = java.util.List.copyOf(open.values());
    }
    files.forEach(LogFile::flush);
  }

  @Override
  public synchronized void close() {
    open.values().forEach(LogFile::close);
    open.clear();
  }

  /** A stream that belongs to the process and stays open. */
  private static final class Unowned extends FilterOutputStream {
    Unowned(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int start, int length) throws IOException {
      out.write(bytes, start, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
