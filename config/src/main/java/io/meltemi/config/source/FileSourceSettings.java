package io.meltemi.config.source;

import io.meltemi.config.yaml.YamlLimits;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Predicate;

/**
 * What a {@link FileSource} reads, and how fast it follows.
 *
 * @param directory where the files are, or a single file
 * @param include asked for every file and folder below the directory; a folder that is not included
 *     is not looked into. Names that begin with a dot, and files that are not {@code .yaml}, {@code
 *     .yml} or {@code .json}, are never read
 * @param filesMax files read at most
 * @param fileBytesMax size of one file
 * @param quiet how long changes must have stopped before files are read
 * @param poll how often files are looked at although nothing was notified: notifications may be
 *     missing or slow, as on network file systems and macOS
 * @param gone how long a file must be missing or empty before that is believed: editors replace
 *     files by such steps
 */
public record FileSourceSettings(
    Path directory,
    Predicate<Path> include,
    int filesMax,
    long fileBytesMax,
    Duration quiet,
    Duration poll,
    Duration gone,
    YamlLimits yaml) {

  /** Everything below the directory, folders included. */
  public static FileSourceSettings recursive(Path directory) {
    return of(directory, _ -> true);
  }

  /** The files of the directory itself. */
  public static FileSourceSettings topLevel(Path directory) {
    return of(directory, path -> !path.toFile().isDirectory());
  }

  /** The given files and folders, with the usual limits and times. */
  public static FileSourceSettings of(Path directory, Predicate<Path> include) {
    return new FileSourceSettings(
        directory,
        include,
        10_000,
        16 << 20,
        Duration.ofMillis(50),
        Duration.ofMillis(500),
        Duration.ofMillis(150),
        YamlLimits.DEFAULT);
  }

  /** The same with another choice of files. */
  public FileSourceSettings including(Predicate<Path> other) {
    return new FileSourceSettings(
        directory, include.and(other), filesMax, fileBytesMax, quiet, poll, gone, yaml);
  }
}
