package io.meltemi.bench.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Resident memory of a process.
 *
 * @param mib now
 * @param peakMib the most there was since the process began or {@link #resetPeak}
 */
public record Resident(double mib, double peakMib) {
  private static final double KIB_PER_MIB = 1024;

  /** That of a process now. */
  public static Resident of(long pid) throws IOException {
    return parse(Files.readAllLines(Path.of("/proc/" + pid + "/status")));
  }

  /** Begins a new peak; where the kernel does not allow it the old one stays. */
  public static void resetPeak(long pid) {
    try {
      Files.writeString(Path.of("/proc/" + pid + "/clear_refs"), "5");
    } catch (IOException e) {
      // a process of another user: its peak is then that of its life
    }
  }

  /** Reads the lines of {@code /proc/PID/status}. */
  static Resident parse(List<String> status) {
    return new Resident(mib(status, "VmRSS:"), mib(status, "VmHWM:"));
  }

  private static double mib(List<String> status, String name) {
    for (String line : status) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.replaceAll("\\D", "")) / KIB_PER_MIB;
      }
    }
    throw new IllegalArgumentException("no " + name + " in the status of a process");
  }
}
