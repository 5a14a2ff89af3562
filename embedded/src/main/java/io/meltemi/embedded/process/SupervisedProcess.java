package io.meltemi.embedded.process;

import io.meltemi.common.time.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One process that is kept running until it is stopped. Every method but {@link #destroy} and every
 * call of the listener happens on the scheduler's thread.
 *
 * <p>The process holds the read end of a pipe as standard input, so that it can notice when this
 * JVM is gone.
 */
public final class SupervisedProcess {
  /** Errors ENOENT and EACCES, as the platforms and releases of Java write them. */
  private static final Pattern CANNOT_EXECUTE = Pattern.compile("error[=:] ?(2|13|193)\\b");

  /** Learns what becomes of the process. */
  public interface Listener {
    /** It can take traffic. */
    void ready();

    /** It runs, but its probe fails; {@link #ready} follows when it passes again. */
    void notReady();

    /**
     * It ended by itself, or could not be started.
     *
     * @param why for people
     * @param restartIn time to the next start
     */
    void ended(String why, Duration restartIn);
  }

  private final ProcessSpec spec;
  private final ProcessSettings settings;
  private final ScheduledExecutorService scheduler;
  private final ChildRegister register;
  private final Listener listener;
  private final Backoff backoff;
  private volatile Optional<Process> process = Optional.empty();
  private volatile boolean stopped;
  private int generation;
  private boolean ready;
  private int failures;

  /**
   * Starts nothing yet.
   *
   * @param register remembers the process for the case that this JVM dies
   */
  public SupervisedProcess(
      ProcessSpec spec,
      ProcessSettings settings,
      ScheduledExecutorService scheduler,
      Ticker ticker,
      ChildRegister register,
      Listener listener) {
    this.spec = spec;
    this.settings = settings;
    this.scheduler = scheduler;
    this.register = register;
    this.listener = listener;
    backoff = new Backoff(settings, ticker);
  }

  public ProcessSpec spec() {
    return spec;
  }

  /** The process id, empty while it waits for a restart. */
  public Optional<Long> pid() {
    return process.filter(Process::isAlive).map(Process::pid);
  }

  /** Starts it, now and whenever it ends. */
  public void start() {
    if (stopped) {
      return;
    }
    generation++;
    ready = false;
    failures = 0;
    try {
      Process started = launch();
      process = Optional.of(started);
      if (stopped) {
        destroy();
        return;
      }
      register.add(started.toHandle());
      int mine = generation;
      started.onExit().thenRunAsync(() -> exited(started, mine), scheduler);
      probe(started, mine);
    } catch (IOException e) {
      ended(startFailure(e));
    }
  }

  private Process launch() throws IOException {
    rotate(spec.log());
    ProcessBuilder builder =
        new ProcessBuilder(spec.command())
            .directory(spec.directory().toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(spec.log().toFile()));
    builder.environment().putAll(spec.environment());
    return builder.start();
  }

  private void rotate(Path log) throws IOException {
    if (Files.exists(log) && Files.size(log) > settings.logBytesMax()) {
      Files.move(
          log, log.resolveSibling(log.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private String startFailure(IOException e) {
    String program = spec.command().getFirst();
    if (!Files.isDirectory(spec.directory())) {
      return "the directory " + spec.directory() + " does not exist";
    }
    String text = String.valueOf(e.getMessage());
    return CANNOT_EXECUTE.matcher(text).find()
        ? "the command " + program + " cannot be run (not found, or not executable)"
        : text;
  }

  private void probe(Process started, int mine) {
    Thread.ofVirtual()
        .name("probe " + spec.name())
        .start(
            () -> {
              boolean passes = spec.readiness().passes();
              try {
                scheduler.execute(() -> probed(started, mine, passes));
              } catch (RejectedExecutionException _) {
                // the scheduler has ended, and the process with it
              }
            });
  }

  private void probed(Process started, int mine, boolean passes) {
    if (stopped || mine != generation || !started.isAlive()) {
      return;
    }
    Duration next = spec.readiness().period();
    if (passes) {
      failures = 0;
      if (!ready) {
        ready = true;
        backoff.ready();
        listener.ready();
      }
      if (next.isZero()) {
        return;
      }
    } else if (ready && ++failures >= spec.readiness().failuresMax()) {
      ready = false;
      listener.notReady();
    }
    if (!ready) {
      next = settings.probePeriod();
    }
    scheduler.schedule(() -> probe(started, mine), next.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void exited(Process ended, int mine) {
    register.remove(ended.toHandle());
    if (!stopped && mine == generation) {
      int code = ended.exitValue();
      ended(code > 128 ? "ended by signal " + (code - 128) : "ended with exit code " + code);
    }
  }

  private void ended(String why) {
    process = Optional.empty();
    Duration wait = backoff.ended();
    listener.ended(why, wait);
    scheduler.schedule(this::start, wait.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Asks it and its descendants to end, forces them after the grace; no restart. The result
   * completes when none is left.
   */
  public CompletableFuture<Void> stop() {
    stopped = true;
    Optional<Process> running = process.filter(Process::isAlive);
    if (running.isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    List<ProcessHandle> all = family(running.get());
    all.forEach(ProcessHandle::destroy);
    CompletableFuture<?>[] ends =
        all.stream().map(ProcessHandle::onExit).toArray(CompletableFuture<?>[]::new);
    return CompletableFuture.allOf(ends)
        .orTimeout(settings.stopGrace().toMillis(), TimeUnit.MILLISECONDS)
        .handle(
            (_, late) -> {
              if (late != null) {
                all.forEach(ProcessHandle::destroyForcibly);
              }
              register.remove(running.get().toHandle());
              return null;
            });
  }

  /** Ends it and its descendants by force, at once. Any thread; for the last moments of a JVM. */
  public void destroy() {
    stopped = true;
    process
        .filter(Process::isAlive)
        .ifPresent(running -> family(running).forEach(ProcessHandle::destroyForcibly));
  }

  private static List<ProcessHandle> family(Process process) {
    return Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
  }
}
