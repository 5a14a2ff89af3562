package io.meltemi.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A proxy under test: one process, its figures read from Linux's {@code /proc}.
 *
 * @param name as it stands in the table
 * @param url where the load goes
 * @param process ended on close
 */
record Peer(String name, String url, Process process) implements AutoCloseable {
  private static final double TICKS_PER_SECOND = 100;

  /** Starts a command and waits until its URL answers 200; output goes to {@code NAME.log}. */
  static Peer start(String name, Path directory, String url, List<String> command)
      throws IOException, InterruptedException {
    Path log = directory.resolve(name + ".log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    Peer peer = new Peer(name, url, process);
    for (int i = 0; i < 600; i++) {
      if (!process.isAlive()) {
        throw new IOException(name + " ended at once: " + Files.readString(log));
      }
      try {
        if (peer.get().statusCode() == 200) {
          return peer;
        }
      } catch (IOException e) {
        // not listening yet
      }
      Thread.sleep(50);
    }
    peer.close();
    throw new IOException(name + " did not answer within 30 s: " + Files.readString(log));
  }

  HttpResponse<String> get() throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(URI.create(url))
              .version(HttpClient.Version.HTTP_1_1)
              .timeout(Duration.ofSeconds(5))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  /** User and system time so far, in seconds. */
  Cpu cpu() throws IOException {
    String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return new Cpu(
        Long.parseLong(fields[11]) / TICKS_PER_SECOND,
        Long.parseLong(fields[12]) / TICKS_PER_SECOND);
  }

  /** Proportional set size in MiB. */
  double pssMib() throws IOException {
    return Files.readAllLines(Path.of("/proc/" + process.pid() + "/smaps_rollup")).stream()
        .filter(l -> l.startsWith("Pss:"))
        .mapToDouble(l -> Double.parseDouble(l.replaceAll("[^0-9]", "")) / 1024)
        .findFirst()
        .orElse(0);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Processor time.
   *
   * @param user seconds in user mode
   * @param system seconds in the kernel
   */
  record Cpu(double user, double system) {
    double total() {
      return user + system;
    }

    Cpu since(Cpu start) {
      return new Cpu(user - start.user, system - start.system);
    }
  }
}
