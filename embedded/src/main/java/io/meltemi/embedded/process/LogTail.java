package io.meltemi.embedded.process;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The end of a log, which mostly says why a program ended. */
public final class LogTail {
  private static final int BYTES_MAX = 4096;

  private LogTail() {}

  /** The last lines that are not blank, in their order; none when there is no log. */
  public static List<String> lines(Path log, int max) {
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      file.seek(Math.max(0, file.length() - BYTES_MAX));
      byte[] bytes = new byte[BYTES_MAX];
      int length = Math.max(0, file.read(bytes));
      List<String> lines =
          new String(bytes, 0, length, StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.isBlank())
              .toList();
      return lines.subList(Math.max(0, lines.size() - max), lines.size());
    } catch (IOException _) {
      // nothing was printed
      return List.of();
    }
  }
}
