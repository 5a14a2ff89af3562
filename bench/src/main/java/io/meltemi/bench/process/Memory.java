package io.meltemi.bench.process;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Memory of a process in MiB.
 *
 * @param pssMib proportional set size as the kernel counts it
 * @param aloneMib the same as if no other process had the same files open: file pages count in
 *     full. The benchmark's own JVMs share the JDK's files with a proxy in Java and would make it
 *     look smaller than it is alone in a pod
 */
public record Memory(double pssMib, double aloneMib) {
  public static final Memory ZERO = new Memory(0, 0);

  private static final Pattern MAPPING =
      Pattern.compile("^[0-9a-f]+-[0-9a-f]+ \\S{4} [0-9a-f]+ \\S+ (\\d+)\\b.*");
  private static final Pattern SIZE = Pattern.compile("^(Rss|Pss):\\s+(\\d+) kB$");
  private static final double KIB_PER_MIB = 1024;

  public Memory plus(Memory other) {
    return new Memory(pssMib + other.pssMib, aloneMib + other.aloneMib);
  }

  /** Reads the lines of {@code /proc/PID/smaps}. */
  static Memory parse(List<String> smaps) {
    long pss = 0;
    long alone = 0;
    boolean file = false;
    for (String line : smaps) {
      Matcher mapping = MAPPING.matcher(line);
      if (mapping.matches()) {
        file = !mapping.group(1).equals("0");
        continue;
      }
      Matcher size = SIZE.matcher(line);
      if (!size.matches()) {
        continue;
      }
      long kib = Long.parseLong(size.group(2));
      boolean proportional = size.group(1).equals("Pss");
      if (proportional) {
        pss += kib;
      }
      if (proportional != file) {
        alone += kib;
      }
    }
    return new Memory(pss / KIB_PER_MIB, alone / KIB_PER_MIB);
  }
}
