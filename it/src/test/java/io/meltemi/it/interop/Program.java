package io.meltemi.it.interop;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** A child process with its output in a file; ended, with its descendants, on close. */
public final class Program implements AutoCloseable {
  private static final HttpClient HTTP =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

  private static final int FIRST_PORT = 16_384;
  private static final int PORTS = 16_384;

  /** Programs that choose at the same time begin at different places. */
  private static final AtomicInteger NEXT_PORT =
      new AtomicInteger(ThreadLocalRandom.current().nextInt(PORTS));

  private final String name;
  private final Process process;
  private final Path log;

  private Program(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  static Program start(String name, Path directory, List<String> command) throws IOException {
    return start(name, directory, command, Map.of());
  }

  /** Starts a command with variables added to its environment. */
  public static Program start(
      String name, Path directory, List<String> command, Map<String, String> environment)
      throws IOException {
    Path log = directory.resolve(name + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .directory(directory.toFile());
    builder.environment().putAll(environment);
    return new Program(name, builder.start(), log);
  }

  /** The command line of our own executable, on this test's class path. */
  public static List<String> meltemi(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dio.netty.leakDetection.level=paranoid",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            "io.meltemi.cli.Main"));
    command.addAll(List.of(arguments));
    return command;
  }

  /**
   * A TCP port of 127.0.0.1 that was free a moment ago. It is below those that a system gives to
   * clients, so that no connection made meanwhile takes it, and none is given twice.
   */
  public static int freePort() {
    for (int tries = 0; tries < PORTS; tries++) {
      int port = FIRST_PORT + Math.floorMod(NEXT_PORT.getAndIncrement(), PORTS);
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException e) {
        // taken: the next one
      }
    }
    throw new IllegalStateException(
        "no free port from %d to %d".formatted(FIRST_PORT, FIRST_PORT + PORTS - 1));
  }

  /** Waits until the condition holds; fails with the program's output when it ends or is late. */
  void await(String what, Duration limit, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (!process.isAlive()) {
        throw new AssertionError(
            name + " ended (" + process.exitValue() + ") before: " + what + "\n" + output());
      }
      if (System.nanoTime() > end) {
        throw new AssertionError(
            name + ": not within " + limit.toSeconds() + " s: " + what + "\n" + output());
      }
      Thread.sleep(50);
    }
  }

  /** Waits until a GET of the URL answers 200. */
  public Program awaitReady(String url) throws InterruptedException {
    await(url + " answers 200", Duration.ofMinutes(4), () -> status(url) == 200);
    return this;
  }

  /** Waits for the end and gives the exit status. */
  int awaitEnd(Duration limit) throws InterruptedException {
    if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError(name + " still runs after " + limit.toSeconds() + " s\n" + output());
    }
    return process.exitValue();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** The program's children and their children. */
  List<ProcessHandle> descendants() {
    return process.descendants().toList();
  }

  /** Everything the program printed so far. */
  public String output() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return "no output: " + e.getMessage();
    }
  }

  static int status(String url) {
    try {
      return HTTP.send(
              HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(5)).build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    } catch (IOException e) {
      return 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 0;
    }
  }

  public static String get(String url) throws IOException, InterruptedException {
    return HTTP.send(
            HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(5)).build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  @Override
  public void close() {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    children.forEach(ProcessHandle::destroyForcibly);
  }
}
