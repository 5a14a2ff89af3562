package io.meltemi.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.bench.process.Tool;
import io.meltemi.bench.report.Metric;
import io.meltemi.bench.report.Outcome;
import io.meltemi.bench.report.Report;
import io.meltemi.bench.scenario.Scenarios;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** One short round of one scenario over real processes. */
class DataPlaneBenchIT {
  @Test
  void ourProxyAndEnvoyAnswerAlikeAndStandInOneTable() throws IOException, InterruptedException {
    Path jar =
        Path.of(System.getProperty("meltemi.root", ".."), "cli/target/meltemi/lib/meltemi-cli.jar");
    require(Files.exists(jar), jar + " is missing (mvn -pl cli -am package)");
    require(Tool.ENVOY.find().isPresent(), "no Envoy: " + Tool.ENVOY.installation());
    require(Tool.CURL.find().isPresent(), "no curl: " + Tool.CURL.installation());
    List<String> meltemi =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dio.netty.leakDetection.level=paranoid",
            "-jar",
            jar.toAbsolutePath().toString());
    Arguments arguments =
        Arguments.parse(
            List.of(
                "data-plane --only http1 --rounds 1 --seconds 1 --warm-up 0 --connections 4"
                    .split(" ")),
            Scenarios.EVERY);
    ByteArrayOutputStream printed = new ByteArrayOutputStream();

    Report report =
        new DataPlaneBench(
                arguments, meltemi, new PrintStream(printed, true, StandardCharsets.UTF_8))
            .run();

    String text = printed.toString(StandardCharsets.UTF_8);
    Outcome outcome = report.outcomes().getFirst();
    // a peer that answers otherwise is dropped, and so has no figure
    assertEquals(1, outcome.values(Outcome.OURS, Metric.REQUESTS_PER_CPU_SECOND).size(), text);
    assertEquals(1, outcome.values(Outcome.THEIRS, Metric.REQUESTS_PER_CPU_SECOND).size(), text);
    assertTrue(text.contains("| 1 | `http1` | requests per CPU-second |"), text);
    assertTrue(text.contains("| `http1` | Envoy |"), text);
    assertTrue(text.contains("| `http1` | Meltemi |"), text);
  }

  /** Missing tools fail where CI says so and are skipped with a printed reason elsewhere. */
  private static void require(boolean present, String reason) {
    if (!present && "true".equals(System.getenv("CI"))) {
      Assertions.fail(reason);
    }
    if (!present) {
      System.out.println("SKIPPED: " + reason);
      Assumptions.abort(reason);
    }
  }
}
