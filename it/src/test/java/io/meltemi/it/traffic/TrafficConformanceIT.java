package io.meltemi.it.traffic;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.it.interop.DataPlane;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every case of {@code resources/traffic} over both data planes, each in a world of its own that
 * stands for the whole run; the two run side by side.
 *
 * <p>System properties: {@code traffic.case} and {@code traffic.plane} choose by globs ({@code
 * routing/*,gateway/*}), {@code traffic.scale} multiplies time limits, {@code traffic.blank} leaves
 * the configuration of the cases out: what passes all the same describes defaults, or proves
 * nothing.
 */
class TrafficConformanceIT {
  private static final Path RESOURCES =
      Path.of(System.getProperty("meltemi.root", "."), "it/src/test/resources/traffic");

  /** Kept: what programs printed is there. */
  private static final Path TARGET =
      Path.of(System.getProperty("meltemi.root", "."), "it/target/traffic");

  private static final List<Thread> RUNNERS = new ArrayList<>();

  /** What is to come of a case over a data plane. */
  private record Turn(TrafficCase test, CompletableFuture<Boolean> result) {}

  @TestFactory
  Stream<DynamicContainer> cases() throws IOException {
    boolean blank = Boolean.getBoolean("traffic.blank");
    PathMatcher chosen = glob("traffic.case", "**");
    PathMatcher planes = glob("traffic.plane", "*");
    List<TrafficCase> cases =
        TrafficCase.all(RESOURCES).stream()
            .filter(each -> chosen.matches(Path.of(each.toString())))
            .toList();
    assertFalse(cases.isEmpty(), "no case is named " + System.getProperty("traffic.case"));
    Map<DataPlane, List<Turn>> turns = new LinkedHashMap<>();
    for (DataPlane plane : DataPlane.values()) {
      if (planes.matches(Path.of(plane.name()))) {
        List<Turn> own =
            cases.stream().map(test -> new Turn(test, new CompletableFuture<>())).toList();
        turns.put(plane, own);
        RUNNERS.add(Thread.ofPlatform().name("world " + plane).start(() -> run(plane, own, blank)));
      }
    }
    assertFalse(turns.isEmpty(), "no plane is named " + System.getProperty("traffic.plane"));
    return turns.entrySet().stream()
        .map(
            entry ->
                DynamicContainer.dynamicContainer(
                    entry.getKey().name(),
                    entry.getValue().stream()
                        .map(
                            turn ->
                                DynamicTest.dynamicTest(
                                    turn.test().toString(),
                                    () -> judge(entry.getKey(), turn, blank)))));
  }

  /** Globs of a property, with commas between. */
  private static PathMatcher glob(String property, String otherwise) {
    List<PathMatcher> globs = new ArrayList<>();
    for (String glob : System.getProperty(property, otherwise).split(",", -1)) {
      globs.add(FileSystems.getDefault().getPathMatcher("glob:" + glob));
    }
    return path -> globs.stream().anyMatch(glob -> glob.matches(path));
  }

  private static void run(DataPlane plane, List<Turn> turns, boolean blank) {
    long start = System.nanoTime();
    try (World world =
        new World(
            plane,
            Files.createTempDirectory(Files.createDirectories(TARGET), plane.name()),
            Files.readString(RESOURCES.resolve("topology.yaml")))) {
      System.out.printf("%s: world after %.1f s%n", plane, (System.nanoTime() - start) / 1e9);
      for (Turn turn : turns) {
        long began = System.nanoTime();
        try {
          new CaseRun(world, turn.test(), RESOURCES, blank).run();
          turn.result().complete(true);
        } catch (AssertionError | RuntimeException e) {
          turn.result().completeExceptionally(e);
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        if (seconds > 2) {
          System.out.printf("%s: %s took %.1f s%n", plane, turn.test(), seconds);
        }
      }
      System.out.printf(
          "%s: %d cases in %.1f s%n", plane, turns.size(), (System.nanoTime() - start) / 1e9);
    } catch (AssertionError | RuntimeException | IOException e) {
      turns.forEach(turn -> turn.result().completeExceptionally(e));
    } catch (InterruptedException e) {
      turns.forEach(turn -> turn.result().completeExceptionally(e));
      Thread.currentThread().interrupt();
    }
  }

  private static void judge(DataPlane plane, Turn turn, boolean blank) {
    String failure = "";
    try {
      assertTrue(turn.result().join());
    } catch (CompletionException e) {
      Throwable cause = e.getCause();
      if (!(cause instanceof AssertionError)) {
        throw e;
      }
      failure = String.valueOf(cause.getMessage());
    }
    boolean passed = failure.isEmpty();
    if (blank) {
      assertTrue(
          !passed || turn.test().ofDefaults(),
          () -> turn.test() + " passes without its configuration");
      return;
    }
    boolean pending = plane == DataPlane.MELTEMI && !turn.test().pending().isEmpty();
    if (pending) {
      System.out.println("PENDING: " + turn.test() + ": " + turn.test().pending());
      assertTrue(!passed, () -> turn.test() + " passes now: it is no longer pending");
      return;
    }
    String reason = failure;
    assertTrue(passed, () -> reason);
  }

  @AfterAll
  static void end() throws InterruptedException {
    for (Thread runner : RUNNERS) {
      runner.interrupt();
      runner.join();
    }
  }
}
