package io.meltemi.embedded.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The running children, also in a file, so that the next run can end what a killed one left behind.
 * A line is {@code pid startMillis}; the start time tells the child from a stranger that got its
 * number. Safe for use by any thread.
 */
public final class ChildRegister {
  private final Path file;
  private final Map<Long, Long> children = new LinkedHashMap<>();

  public ChildRegister(Path file) {
    this.file = file;
  }

  /**
   * Ends the children of an earlier run that are still there, and their descendants; how many.
   *
   * @throws IOException when the file is there and cannot be read
   */
  public int endLeftovers() throws IOException {
    if (!Files.exists(file)) {
      return 0;
    }
    int ended = 0;
    for (String line : Files.readAllLines(file)) {
      String[] parts = line.split(" ", 2);
      if (parts.length == 2) {
        ended += end(parts[0], parts[1]);
      }
    }
    Files.delete(file);
    return ended;
  }

  private static int end(String pid, String startMillis) {
    List<ProcessHandle> all = new ArrayList<>();
    try {
      long start = Long.parseLong(startMillis);
      ProcessHandle.of(Long.parseLong(pid))
          .filter(handle -> startMillis(handle) == start && start != 0)
          .ifPresent(
              handle -> Stream.concat(handle.descendants(), Stream.of(handle)).forEach(all::add));
    } catch (NumberFormatException _) {
      // a line cut short by the end of its writer
      return 0;
    }
    all.forEach(ProcessHandle::destroyForcibly);
    return all.isEmpty() ? 0 : 1;
  }

  synchronized void add(ProcessHandle handle) throws IOException {
    children.put(handle.pid(), startMillis(handle));
    write();
  }

  synchronized void remove(ProcessHandle handle) {
    children.remove(handle.pid());
    try {
      write();
    } catch (IOException _) {
      // an entry too many is harmless: its process is gone and the start time will not fit
    }
  }

  private void write() throws IOException {
    if (children.isEmpty()) {
      Files.deleteIfExists(file);
      return;
    }
    StringBuilder lines = new StringBuilder();
    children.forEach((pid, start) -> lines.append(pid).append(' ').append(start).append('\n'));
    Files.writeString(file, lines);
  }

  private static long startMillis(ProcessHandle handle) {
    return handle.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }
}
