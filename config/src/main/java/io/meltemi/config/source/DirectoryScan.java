package io.meltemi.config.source;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.FileVisitor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One look at a directory.
 *
 * @param files what can be read, by path in order
 * @param folders the directory and the folders looked into
 * @param problems what cannot be looked at, by path
 * @param whole false when the directory itself cannot be read
 */
record DirectoryScan(
    Map<Path, Stamp> files, List<Path> folders, Map<Path, Violation> problems, boolean whole) {
  private static final int DEPTH_MAX = 32;

  /** What changes when a file does. */
  record Stamp(long modifiedNanos, long size, String key) {
    static Stamp of(BasicFileAttributes attributes) {
      return new Stamp(
          attributes.lastModifiedTime().to(java.util.concurrent.TimeUnit.NANOSECONDS),
          attributes.size(),
          String.valueOf(attributes.fileKey()));
    }
  }

  static DirectoryScan of(FileSourceSettings settings) {
    Visitor visitor = new Visitor(settings);
    Path root = settings.directory();
    if (!Files.exists(root)) {
      visitor.problem(root, "no such directory", "a directory of YAML files");
      return visitor.result(false);
    }
    try {
      Files.walkFileTree(root, EnumSet.of(FileVisitOption.FOLLOW_LINKS), DEPTH_MAX, visitor);
    } catch (IOException e) {
      visitor.problem(root, reason(e), "a directory that can be read");
      return visitor.result(false);
    }
    return visitor.result(visitor.rootRead);
  }

  private static String reason(IOException e) {
    String name = e.getClass().getSimpleName().replace("Exception", "");
    return switch (e) {
      case FileSystemLoopException _ -> "a link to a folder around it";
      case java.nio.file.AccessDeniedException _ -> "a file without permission to read";
      case java.nio.file.NoSuchFileException _ -> "a link to nothing";
      default -> name + ": " + e.getMessage();
    };
  }

  private static final class Visitor implements FileVisitor<Path> {
    private final FileSourceSettings settings;
    private final Map<Path, Stamp> files = new TreeMap<>();
    private final List<Path> folders = new ArrayList<>();
    private final Map<Path, Violation> problems = new TreeMap<>();
    private boolean rootRead;

    Visitor(FileSourceSettings settings) {
      this.settings = settings;
    }

    DirectoryScan result(boolean whole) {
      return new DirectoryScan(files, folders, problems, whole);
    }

    void problem(Path path, String found, String expected) {
      problems.put(path, new Violation(Origin.of(path.toString()), "", found, expected));
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
      boolean root = folder.equals(settings.directory());
      if (!root && (isHidden(folder) || !settings.include().test(folder))) {
        return FileVisitResult.SKIP_SUBTREE;
      }
      rootRead |= root;
      folders.add(folder);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      boolean root = file.equals(settings.directory());
      if (!root && (!isResourceFile(file) || !settings.include().test(file))) {
        return FileVisitResult.CONTINUE;
      }
      rootRead |= root;
      if (attributes.isDirectory()) {
        problem(file, "a folder more than " + DEPTH_MAX + " levels deep", "fewer levels");
      } else if (attributes.isSymbolicLink()) {
        problem(file, "a link to nothing", "a readable file");
      } else if (!attributes.isRegularFile()) {
        problem(file, "a special file", "a plain file");
      } else if (files.size() >= settings.filesMax()) {
        problem(
            settings.directory(),
            "more than " + settings.filesMax() + " files",
            "at most that many; the others are not read");
        return FileVisitResult.TERMINATE;
      } else {
        files.put(file, Stamp.of(attributes));
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) {
      boolean root = file.equals(settings.directory());
      if (root || e instanceof FileSystemLoopException || isResourceFile(file)) {
        if (root || settings.include().test(file)) {
          problem(file, reason(e), root ? "a directory that can be read" : "a readable file");
        }
      } else if (!isHidden(file) && settings.include().test(file) && Files.isDirectory(file)) {
        problem(file, reason(e), "a folder that can be read");
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e) {
      if (e != null) {
        problem(folder, reason(e), "a folder that can be read");
      }
      return FileVisitResult.CONTINUE;
    }

    private static boolean isHidden(Path path) {
      Path name = path.getFileName();
      return name != null && name.toString().startsWith(".");
    }

    private static boolean isResourceFile(Path path) {
      String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
      return !name.startsWith(".")
          && (name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json"));
    }
  }
}
