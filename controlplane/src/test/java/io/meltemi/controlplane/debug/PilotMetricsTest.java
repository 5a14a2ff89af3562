package io.meltemi.controlplane.debug;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.meltemi.testing.FakeTicker;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.Amount;
import io.meltemi.xds.server.Sent;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class PilotMetricsTest {
  private final PilotMetrics metrics = new PilotMetrics("1.2.3", new FakeTicker());

  /** The value of a sample, which must be there once. */
  private String sample(String nameAndLabels) {
    List<String> lines =
        metrics.text().lines().filter(line -> line.startsWith(nameAndLabels + " ")).toList();
    assertEquals(1, lines.size(), () -> nameAndLabels + " in " + metrics.text());
    return lines.getFirst().substring(nameAndLabels.length() + 1);
  }

  @Test
  void resourcesAndBytesAreCountedByWhatBecameOfThem() {
    metrics.generated(TypeUrl.CLUSTER, 5, Duration.ofMillis(2), Duration.ofMillis(1));
    metrics.shared(TypeUrl.CLUSTER, 4);
    metrics.shared(TypeUrl.CLUSTER, 6);
    metrics.pushed(
        TypeUrl.CLUSTER,
        new Sent(
            true,
            List.of(List.of("a"), List.of("b")),
            List.of(),
            List.of(),
            new Sent.Amounts(new Amount(5, 500), new Amount(3, 300), Amount.NONE),
            new Sent.Times(1_000, 2_000)));
    metrics.skipped(TypeUrl.CLUSTER, new Amount(7, 700));
    assertEquals("5.0", sample("meltemi_xds_resources_generated_total{type=\"cds\"}"));
    assertEquals("10.0", sample("meltemi_xds_resources_shared_total{type=\"cds\"}"));
    assertEquals("2.0", sample("meltemi_xds_resources_sent_total{type=\"cds\"}"));
    assertEquals("3.0", sample("meltemi_xds_resources_resent_total{type=\"cds\"}"));
    assertEquals("300.0", sample("meltemi_xds_resent_bytes_total{type=\"cds\"}"));
    assertEquals("7.0", sample("meltemi_xds_resources_skipped_total{type=\"cds\"}"));
    assertEquals("500.0", sample("meltemi_xds_sent_bytes_total{type=\"cds\"}"));
    assertEquals("700.0", sample("meltemi_xds_saved_bytes_total{type=\"cds\"}"));
    assertEquals("0.0", sample("meltemi_xds_saved_bytes_total{type=\"eds\"}"));
    assertEquals("2.0", sample("xds_cache_reads_total{type=\"hit\"}"));
    assertEquals("1.0", sample("xds_cache_reads_total{type=\"miss\"}"));
  }

  @Test
  void phasesAreParts() {
    metrics.generated(TypeUrl.ROUTE, 1, Duration.ofMillis(20), Duration.ofMillis(2));
    metrics.answered(TypeUrl.ROUTE, Duration.ofSeconds(2));
    assertEquals("0.02", sample("meltemi_xds_push_phase_seconds_sum{phase=\"translation\"}"));
    assertEquals("0.002", sample("meltemi_xds_push_phase_seconds_sum{phase=\"encoding\"}"));
    assertEquals("2.0", sample("meltemi_xds_push_phase_seconds_sum{phase=\"answer\"}"));
    assertEquals("0", sample("meltemi_xds_push_phase_seconds_count{phase=\"debounce\"}"));
  }

  @Test
  void refusedResourcesAreCountedByKindNotByName() {
    metrics.refused(TypeUrl.LISTENER, "EnvoyFilter");
    metrics.refused(TypeUrl.LISTENER, "EnvoyFilter");
    metrics.refused(TypeUrl.of("type.googleapis.com/made.Up"), "");
    metrics.refusalsForgotten(3);
    assertEquals("2.0", sample("meltemi_xds_rejects_total{kind=\"EnvoyFilter\",type=\"lds\"}"));
    assertEquals("1.0", sample("meltemi_xds_rejects_total{kind=\"none\",type=\"other\"}"));
    assertEquals("3.0", sample("meltemi_xds_rejects_forgotten_total"));
  }

  @Test
  void typesThatClientsMakeUpShareOneLabel() {
    for (String name : List.of("made.Up", "made.Too")) {
      metrics.pushed(
          TypeUrl.of("type.googleapis.com/" + name),
          new Sent(
              true,
              List.of(),
              List.of(),
              List.of(),
              new Sent.Amounts(Amount.NONE, Amount.NONE, Amount.NONE),
              new Sent.Times(0, 0)));
    }
    assertEquals("2.0", sample("pilot_xds_pushes_total{type=\"other\"}"));
    assertFalse(metrics.text().contains("Too"));
  }
}
