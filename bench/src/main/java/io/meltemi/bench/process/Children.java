package io.meltemi.bench.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Every child process that is alive. Closed by a shutdown hook too, so that Ctrl-C leaves none. */
public final class Children implements AutoCloseable {
  private final Path directory;
  private final Set<Child> alive = new LinkedHashSet<>();
  private int started;
  private boolean closed;

  /** Children whose logs and working directory are in the given directory. */
  public Children(Path directory) {
    this.directory = directory;
  }

  /** Starts a command with its standard output and error in a file. */
  public synchronized Child start(String name, List<String> command) throws IOException {
    if (closed) {
      throw new IOException("the run is being ended");
    }
    Path log = directory.resolve(name + "-" + started++ + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    // the launcher has been through its build already
    builder.environment().put("MELTEMI_NO_BUILD", "true");
    Child child = new Child(name, builder.start(), log, this);
    alive.add(child);
    return child;
  }

  /**
   * Runs a command to its end; its output.
   *
   * @throws IOException with what it printed, when it fails or takes too long
   */
  public String call(String name, List<String> command, Duration max)
      throws IOException, InterruptedException {
    try (Child child = start(name, command)) {
      if (!child.process().waitFor(max.toSeconds(), TimeUnit.SECONDS)
          || child.process().exitValue() != 0) {
        throw new IOException(String.join(" ", command) + " failed: " + child.output());
      }
      return child.output();
    }
  }

  /** Starts a command whose output is read here; its standard error goes to a file. */
  public synchronized Child pipe(String name, List<String> command) throws IOException {
    if (closed) {
      throw new IOException("the run is being ended");
    }
    Path log = directory.resolve(name + "-" + started++ + ".err");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectError(log.toFile())
            .start();
    Child child = new Child(name, process, log, this);
    alive.add(child);
    return child;
  }

  /** Processor time of all children so far, those that ended included, and of this process. */
  public synchronized CpuTime cpu() throws IOException {
    CpuTime sum = CpuTime.withReaped(Files.readString(Path.of("/proc/self/stat")));
    for (Child child : alive) {
      if (child.isAlive()) {
        sum = sum.plus(child.cpu());
      }
    }
    return sum;
  }

  synchronized void ended(Child child) {
    alive.remove(child);
  }

  @Override
  public void close() {
    List<Child> left;
    synchronized (this) {
      closed = true;
      left = List.copyOf(alive).reversed();
    }
    left.forEach(child -> child.process().destroy());
    left.forEach(Child::close);
  }
}
