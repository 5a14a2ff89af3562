package io.meltemi.it.interop;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * Programs of other people, written in Go and built once from pinned sources into the user's cache
 * directory.
 */
enum GoProgram {
  /** Asks a server what RFC 9113 and RFC 7541 ask of it. */
  H2SPEC(
      "github.com/summerwind/h2spec/cmd/h2spec",
      "github.com/summerwind/h2spec@v2.2.1+incompatible",
      "github.com/spf13/cobra@v1.10.2",
      "golang.org/x/net@v0.62.0",
      "github.com/fatih/color@v1.19.0"),
  GRPC_CLIENT("google.golang.org/grpc/interop/client", "google.golang.org/grpc@v1.85.0"),
  GRPC_SERVER("google.golang.org/grpc/interop/server", "google.golang.org/grpc@v1.85.0");

  private static final int BUILD_MINUTES_MAX = 15;

  private final String main;

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> modules;

  GoProgram(String main, String... modules) {
    this.main = main;
    this.modules = List.of(modules);
  }

  /**
   * The path of the program, built at first use. Where it cannot be had the calling test is skipped
   * with a printed reason, and fails when the environment has {@code CI=true}.
   */
  Path require() {
    String name = name().toLowerCase(Locale.ROOT);
    String version = modules.getFirst().replaceAll(".*@", "");
    Path home = cache().resolve("go").resolve(name + "-" + version);
    Path binary = home.resolve(name);
    try {
      Files.createDirectories(home);
      try (FileChannel channel =
              FileChannel.open(
                  home.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock _ = channel.lock()) {
        if (!Files.isExecutable(binary)) {
          build(home, binary);
        }
      }
      return binary;
    } catch (IOException | InterruptedException e) {
      String reason = main + " cannot be had: " + e.getMessage();
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

  /** In a module of its own, so that what the program needs is pinned as well. */
  private void build(Path home, Path binary) throws IOException, InterruptedException {
    Files.deleteIfExists(home.resolve("go.mod"));
    Files.deleteIfExists(home.resolve("go.sum"));
    go(home, List.of("mod", "init", "programs"));
    List<String> get = new ArrayList<>(List.of("get", main + versionOfMain()));
    get.addAll(modules.subList(1, modules.size()));
    go(home, get);
    Path part = home.resolve("program.part");
    go(home, List.of("build", "-o", part.toString(), main));
    Files.move(part, binary, StandardCopyOption.ATOMIC_MOVE);
  }

  private String versionOfMain() {
    String module = modules.getFirst();
    return module.substring(module.indexOf('@'));
  }

  private static void go(Path home, List<String> arguments)
      throws IOException, InterruptedException {
    Path log = home.resolve("go.log");
    List<String> command = new ArrayList<>(List.of(found(), arguments.getFirst()));
    command.addAll(arguments.subList(1, arguments.size()));
    Process process =
        new ProcessBuilder(command)
            .directory(home.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    if (!process.waitFor(BUILD_MINUTES_MAX, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IOException("go " + arguments + " took more than " + BUILD_MINUTES_MAX + " min");
    }
    if (process.exitValue() != 0) {
      throw new IOException("go " + arguments + " failed:\n" + Files.readString(log));
    }
  }

  /** The tool on the path, else where its own installer puts it. */
  private static String found() {
    Path usual = Path.of("/usr/local/go/bin/go");
    boolean onPath =
        Optional.ofNullable(System.getenv("PATH"))
            .map(path -> List.of(path.split(":", -1)))
            .orElse(List.of())
            .stream()
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, "go")));
    return onPath || !Files.isExecutable(usual) ? "go" : usual.toString();
  }
}
