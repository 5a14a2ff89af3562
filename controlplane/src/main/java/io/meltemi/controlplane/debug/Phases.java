package io.meltemi.controlplane.debug;

import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/** Where the time of a push goes: one histogram, whose parts can be laid on top of each other. */
final class Phases {
  private static final double[] SECONDS = {
    0.00001, 0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 3, 5, 10, 20, 30
  };

  /** That changes waited for others; one per push. */
  final DistributionDataPoint debounce;

  /** A new world; one per push. */
  final DistributionDataPoint world;

  /** Resources of a group; one per group that was made. */
  final DistributionDataPoint translation;

  /** Their bytes; one per group that was made. */
  final DistributionDataPoint encoding;

  /** What of it a proxy lacks; one per response. */
  final DistributionDataPoint difference;

  /** Handing it to the transport; one per response. */
  final DistributionDataPoint sending;

  /** Until the proxy took or refused it; one per answer. */
  final DistributionDataPoint answer;

  Phases(PrometheusRegistry registry) {
    Histogram all =
        Histogram.builder()
            .name("meltemi_xds_push_phase_seconds")
            .help("Seconds that the phases of a push took.")
            .labelNames("phase")
            .classicOnly()
            .classicUpperBounds(SECONDS)
            .register(registry);
    debounce = all.labelValues("debounce");
    world = all.labelValues("world");
    translation = all.labelValues("translation");
    encoding = all.labelValues("encoding");
    difference = all.labelValues("difference");
    sending = all.labelValues("sending");
    answer = all.labelValues("answer");
  }
}
