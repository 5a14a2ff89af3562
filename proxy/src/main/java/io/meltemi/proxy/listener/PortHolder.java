package io.meltemi.proxy.listener;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Finds out, where the system tells, which program listens on a port. Cold path; never fails. */
final class PortHolder {
  private static final String LISTEN = "0A";
  private static final int PROCESSES_MAX = 10_000;

  private PortHolder() {}

  /** {@code "; process 12 (nginx) listens there"}, or nothing when that cannot be known. */
  static String describe(InetSocketAddress address) {
    try {
      Set<String> inodes = new HashSet<>();
      for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
        collect(Path.of(table), address.getPort(), inodes);
      }
      return holder(inodes)
          .map(process -> "; process " + process + " listens on that port")
          .orElse("");
    } catch (IOException | RuntimeException e) {
      // other systems, or one that hides its processes: the plain error has to do
      return "";
    }
  }

  private static void collect(Path table, int port, Set<String> inodes) throws IOException {
    if (!Files.isReadable(table)) {
      return;
    }
    String suffix = String.format(Locale.ROOT, ":%04X", port);
    for (String line : Files.readAllLines(table)) {
      String[] columns = line.strip().split("\\s+");
      if (columns.length > 9 && columns[1].endsWith(suffix) && columns[3].equals(LISTEN)) {
        inodes.add("socket:[" + columns[9] + "]");
      }
    }
  }

  private static Optional<String> holder(Set<String> inodes) throws IOException {
    if (inodes.isEmpty()) {
      return Optional.empty();
    }
    int seen = 0;
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (++seen > PROCESSES_MAX) {
          break;
        }
        if (holds(process, inodes)) {
          return Optional.of(
              process.getFileName()
                  + " ("
                  + Files.readString(process.resolve("comm")).strip()
                  + ")");
        }
      }
    }
    return Optional.empty();
  }

  private static boolean holds(Path process, Set<String> inodes) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path file : files) {
        if (inodes.contains(Files.readSymbolicLink(file).toString())) {
          return true;
        }
      }
    } catch (IOException | RuntimeException e) {
      // not ours to look into, or gone
      return false;
    }
    return false;
  }
}
