package io.meltemi.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.time.Ticker;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.source.FileSource;
import io.meltemi.config.source.FileSourceSettings;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.config.store.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What a person is told about a file: {@code <case>.in.yaml} gives {@code <case>.err}. Run with
 * {@code -Dgolden.update=true} to write the latter anew, and read the difference.
 */
class GoldenErrorsTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("meltemi.root", ".."), "config/src/test/resources/golden");

  @TestFactory
  Stream<DynamicTest> tells() throws IOException {
    List<Path> inputs;
    try (Stream<Path> files = Files.list(FOLDER)) {
      inputs = files.filter(file -> file.toString().endsWith(".in.yaml")).sorted().toList();
    }
    assertTrue(inputs.size() >= 8, "cases: " + inputs.size());
    return inputs.stream().map(input -> DynamicTest.dynamicTest(name(input), () -> check(input)));
  }

  private static String name(Path input) {
    return input.getFileName().toString().replace(".in.yaml", "");
  }

  private static void check(Path input) throws IOException {
    ConfigStore store = new ConfigStore();
    try (FileSource source =
        new FileSource(
            FileSourceSettings.of(input, _ -> true),
            new ResourceDecoder(Kinds.ALL),
            Ticker.system())) {
      source.start(store);
    }
    String told =
        store.problems().stream()
            .map(Problem::toString)
            .map(line -> line.replace(input.toString(), input.getFileName().toString()))
            .collect(Collectors.joining("\n", "", "\n"));
    Path expected = input.resolveSibling(name(input) + ".err");
    if (Boolean.getBoolean("golden.update")) {
      Files.writeString(expected, told);
    }
    assertEquals(Files.readString(expected), told);
  }
}
