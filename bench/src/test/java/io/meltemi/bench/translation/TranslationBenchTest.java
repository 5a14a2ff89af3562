package io.meltemi.bench.translation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.testing.SharedFiles;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Every benchmark once, in this process and without a warm-up: that they run, not how fast. */
class TranslationBenchTest {
  private static final List<String> ALL =
      List.of("world", "clusters", "endpoints", "listeners", "routes", "encode", "difference");

  private static String table(List<String> inputs, List<String> benchmarks) {
    Collection<RunResult> results =
        TranslationBench.measure(
            TranslationBench.options(inputs, benchmarks)
                .mode(Mode.SingleShotTime)
                .forks(0)
                .warmupIterations(0)
                .measurementIterations(1)
                .verbosity(VerboseMode.SILENT));
    return TranslationBench.table(results, benchmarks);
  }

  @Test
  void everyBenchmarkRunsOnAMadeUpMesh() {
    String table = table(List.of("mesh-20"), ALL);
    assertTrue(
        table.startsWith(
            "| input | world | clusters | endpoints | listeners | routes | encode | difference |\n"
                + "|---|---|---|---|---|---|---|---|\n"
                + "| `mesh-20` | "),
        table);
    assertEquals(3, table.lines().count(), table);
    assertFalse(table.contains("–"), table);
  }

  /** Before it is measured everything is made of an input, so one benchmark says enough. */
  @Test
  void everyRecordedInputIsTranslated() throws IOException {
    Path corpus = SharedFiles.require("corpus/xds/benchmark");
    List<String> inputs;
    try (Stream<Path> cases = Files.list(corpus)) {
      inputs = cases.filter(Files::isDirectory).map(Path::toString).sorted().toList();
    }
    String table = table(inputs, List.of("encode"));
    assertEquals(inputs.size() + 2, table.lines().count(), table);
    assertFalse(table.contains("–"), table);
  }

  @Test
  void aWrongNameIsRefusedWithThoseThatThereAre() {
    assertEquals(
        "--only: found world2 (expected: world, clusters, endpoints, listeners, routes, encode,"
            + " difference)",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    TranslationBench.run(
                        List.of("generators", "--only", "world2"),
                        Path.of("meltemi"),
                        new PrintStream(PrintStream.nullOutputStream())))
            .getMessage());
  }
}
