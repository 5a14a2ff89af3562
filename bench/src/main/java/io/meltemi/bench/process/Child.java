package io.meltemi.bench.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A child process of this run with its output in a file; ended, by its process id, on close. */
public final class Child implements AutoCloseable {
  private static final int OUTPUT_MAX_BYTES = 64 * 1024;
  private static final int END_SECONDS = 5;

  private final String name;
  private final Process process;
  private final Path log;
  private final Children register;

  Child(String name, Process process, Path log, Children register) {
    this.name = name;
    this.process = process;
    this.log = log;
    this.register = register;
  }

  public String name() {
    return name;
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  public Process process() {
    return process;
  }

  /** The start of what it printed, at most 64 KiB. */
  public String output() {
    try (var in = Files.newInputStream(log)) {
      return new String(in.readNBytes(OUTPUT_MAX_BYTES), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "no output: " + e.getMessage();
    }
  }

  /** Processor time so far, threads that ended included. */
  public CpuTime cpu() throws IOException {
    return CpuTime.of(pid());
  }

  /** Processor time of its compiler threads so far; zero for a process that is no JVM. */
  public CpuTime compilerCpu() throws IOException {
    CpuTime sum = CpuTime.ZERO;
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid() + "/task"))) {
      for (Path thread : threads.toList()) {
        try {
          if (Files.readString(thread.resolve("comm")).matches("C[12] Compiler.*\\s*")) {
            sum = sum.plus(CpuTime.parse(Files.readString(thread.resolve("stat"))));
          }
        } catch (NoSuchFileException e) {
          // it ended meanwhile
        }
      }
    }
    return sum;
  }

  public Memory memory() throws IOException {
    return Memory.parse(Files.readAllLines(Path.of("/proc/" + pid() + "/smaps")));
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    register.ended(this);
  }
}
