package io.meltemi.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;

/**
 * Where and with what a run was made.
 *
 * @param date UTC, to the minute
 * @param processor its model
 * @param cores that Java sees
 * @param memoryGib in total
 * @param kernel its release
 * @param versions program to version
 * @param missing one sentence for each program that was not found
 */
public record Machine(
    String date,
    String processor,
    int cores,
    double memoryGib,
    String kernel,
    Map<String, String> versions,
    List<String> missing) {
  public Machine {
    missing = List.copyOf(missing);
  }

  /** This machine. */
  public static Machine here(Instant now, Map<String, String> versions, List<String> missing)
      throws IOException {
    return new Machine(
        DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", java.util.Locale.ROOT)
            .withZone(ZoneOffset.UTC)
            .format(now),
        processor(Files.readAllLines(Path.of("/proc/cpuinfo"))),
        Runtime.getRuntime().availableProcessors(),
        memoryGib(Files.readAllLines(Path.of("/proc/meminfo"))),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        versions,
        missing);
  }

  /** The load average of the last minute. */
  public static double loadAverage() throws IOException {
    return Double.parseDouble(Files.readString(Path.of("/proc/loadavg")).split(" ")[0]);
  }

  static String processor(List<String> cpuinfo) {
    return cpuinfo.stream()
        .filter(line -> line.startsWith("model name"))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("unknown processor");
  }

  static double memoryGib(List<String> meminfo) {
    return meminfo.stream()
            .filter(line -> line.startsWith("MemTotal:"))
            .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")))
            .findFirst()
            .orElse(0)
        / (1024 * 1024);
  }
}
