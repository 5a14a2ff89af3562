package io.meltemi.bench.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Processor time of a process so far, or between two moments.
 *
 * @param userSeconds in user mode
 * @param systemSeconds in the kernel
 */
public record CpuTime(double userSeconds, double systemSeconds) {
  public static final CpuTime ZERO = new CpuTime(0, 0);

  /** {@code USER_HZ}, which Linux fixes at 100 for every architecture that Java runs on. */
  private static final double TICKS_PER_SECOND = 100;

  /** Index of {@code utime} after the name, which may hold blanks and parentheses. */
  private static final int USER_FIELD = 11;

  private static final int REAPED_USER_FIELD = 13;

  public double total() {
    return userSeconds + systemSeconds;
  }

  /** The kernel's part of the total, 0 to 1; 0 when no time passed. */
  public double kernelShare() {
    return total() == 0 ? 0 : systemSeconds / total();
  }

  public CpuTime plus(CpuTime other) {
    return new CpuTime(userSeconds + other.userSeconds, systemSeconds + other.systemSeconds);
  }

  public CpuTime minus(CpuTime earlier) {
    return new CpuTime(userSeconds - earlier.userSeconds, systemSeconds - earlier.systemSeconds);
  }

  /** That of a process so far, threads that ended included. */
  public static CpuTime of(long pid) throws IOException {
    return parse(Files.readString(Path.of("/proc/" + pid + "/stat")));
  }

  /** The same of a process together with the children that it waited for. */
  static CpuTime withReaped(String stat) {
    return read(stat, USER_FIELD).plus(read(stat, REAPED_USER_FIELD));
  }

  /** Time that processes of this machine used so far: the first line of {@code /proc/stat}. */
  static CpuTime ofMachine(String stat) {
    String[] fields = stat.lines().findFirst().orElse("").split(" +");
    if (fields.length < 4 || !fields[0].equals("cpu")) {
      throw new IllegalArgumentException("not a /proc/stat: " + stat);
    }
    return new CpuTime(
        (Long.parseLong(fields[1]) + Long.parseLong(fields[2])) / TICKS_PER_SECOND,
        Long.parseLong(fields[3]) / TICKS_PER_SECOND);
  }

  /** The same, now. */
  public static CpuTime ofMachine() throws IOException {
    return ofMachine(Files.readString(Path.of("/proc/stat")));
  }

  /**
   * Reads the text of {@code /proc/PID/stat}.
   *
   * @throws IllegalArgumentException when it is not of that form
   */
  static CpuTime parse(String stat) {
    return read(stat, USER_FIELD);
  }

  private static CpuTime read(String stat, int userField) {
    int name = stat.lastIndexOf(')');
    String[] fields =
        name < 0 || name + 2 > stat.length() ? new String[0] : stat.substring(name + 2).split(" ");
    if (fields.length <= userField + 1) {
      throw new IllegalArgumentException("not a /proc/PID/stat: " + stat);
    }
    return new CpuTime(
        Long.parseLong(fields[userField]) / TICKS_PER_SECOND,
        Long.parseLong(fields[userField + 1]) / TICKS_PER_SECOND);
  }
}
