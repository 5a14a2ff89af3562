package io.meltemi.it.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first command of the README, by the launcher, on a copy of the sample. */
class UpIT {
  private static final Pattern PAGE = Pattern.compile("http://[a-z0-9.:]+/productpage");
  private static final Pattern VERSION = Pattern.compile("reviews-v[123]");

  @Test
  void bookinfoAnswersFollowsChangesAndLeavesNothingBehind(@TempDir Path directory)
      throws Exception {
    Path root = Path.of(System.getProperty("meltemi.root"));
    Path sample = directory.resolve("bookinfo");
    copy(root.resolve("samples/bookinfo"), sample);
    Program up =
        Program.start(
            "up", directory, List.of(root.resolve("meltemi").toString(), "up", sample.toString()));
    List<ProcessHandle> children;
    try (up) {
      up.await(
          "a product page is announced",
          Duration.ofMinutes(6),
          () -> PAGE.matcher(up.output()).find());
      Matcher page = PAGE.matcher(up.output());
      assertTrue(page.find());
      String url = page.group();
      up.await("the page answers", Duration.ofMinutes(1), () -> Program.status(url) == 200);
      Set<String> versions = new TreeSet<>();
      up.await(
          "all three versions of reviews appear",
          Duration.ofMinutes(1),
          () -> {
            versions.addAll(versions(url));
            return versions.size() == 3;
          });

      AtomicBoolean run = new AtomicBoolean(true);
      List<String> failures = java.util.Collections.synchronizedList(new java.util.ArrayList<>());
      Thread load =
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (run.get()) {
                      int status = Program.status(url);
                      if (status != 200) {
                        failures.add("status " + status);
                      }
                    }
                  });
      Path rule = networking(sample, "v3");
      Files.copy(rule, sample.resolve("trying.yaml"));
      up.await(
          "only the chosen version answers",
          Duration.ofSeconds(20),
          () -> {
            Set<String> seen = new TreeSet<>();
            for (int i = 0; i < 12; i++) {
              seen.addAll(versions(url));
            }
            return seen.equals(Set.of("reviews-v3"));
          });
      Files.delete(sample.resolve("trying.yaml"));
      versions.clear();
      up.await(
          "all versions answer again",
          Duration.ofSeconds(20),
          () -> {
            versions.addAll(versions(url));
            return versions.size() == 3;
          });
      run.set(false);
      load.join();
      assertEquals(List.of(), failures);

      Files.writeString(
          sample.resolve("broken.yaml"), "apiVersion: v1\nkind: Service\nmetadata: {name: x\n");
      up.await(
          "the broken file is named",
          Duration.ofSeconds(20),
          () -> up.output().contains("broken.yaml:"));
      assertEquals(200, Program.status(url));
      children = up.descendants();
      assertTrue(children.size() >= 6, () -> "workloads: " + children.size() + " processes");
    }
    for (ProcessHandle child : children) {
      child.onExit().get(10, java.util.concurrent.TimeUnit.SECONDS);
    }
  }

  private static Set<String> versions(String url) {
    Set<String> found = new TreeSet<>();
    try {
      Matcher version = VERSION.matcher(Program.get(url));
      while (version.find()) {
        found.add(version.group());
      }
    } catch (IOException e) {
      found.add("no answer: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return found;
  }

  private static Path networking(Path sample, String part) throws IOException {
    try (Stream<Path> files = Files.list(sample.resolve("networking"))) {
      return files
          .filter(f -> f.getFileName().toString().contains(part))
          .filter(f -> f.getFileName().toString().endsWith(".yaml"))
          .findFirst()
          .orElseThrow(() -> new IOException("no variation named " + part));
    }
  }

  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }
}
