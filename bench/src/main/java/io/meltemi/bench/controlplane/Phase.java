package io.meltemi.bench.controlplane;

import java.util.Optional;

/**
 * What happens to a control plane in a run, and what share of the reference's cost it may have.
 *
 * <p>Shares are {floor, target, moonshot}.
 */
enum Phase {
  CONNECT_COLD("storm", "storm (cold)", "all connect, cold", 0.5, 0.15, 0.05),
  ENDPOINT("endpoint", "endpoint", "one endpoint changes", 1.0, 0.5, 0.2),
  ROUTE("route", "route", "one VirtualService changes", 0.5, 0.15, 0.05),
  SERVICE("service", "service", "a new service", 0.5, 0.15, 0.05),
  EVERYTHING("mesh", "mesh", "mesh configuration changes everything", 0.5, 0.2, 0.1),
  CONNECT_WARM("reconnect", "storm (warm)", "all connect, warm", 0.5, 0.15, 0.05);

  private static final double DEBOUNCE_MILLIS = 100;
  private static final double ENDPOINT_DEBOUNCE_MILLIS = 20;

  /** In a simulator's output. */
  final String simulated;

  /** In the baseline's table. */
  final String recorded;

  final String title;
  final double floor;
  final double target;
  final double moonshot;

  Phase(
      String simulated,
      String recorded,
      String title,
      double floor,
      double target,
      double moonshot) {
    this.simulated = simulated;
    this.recorded = recorded;
    this.title = title;
    this.floor = floor;
    this.target = target;
    this.moonshot = moonshot;
  }

  static Optional<Phase> simulatedAs(String name) {
    for (Phase phase : values()) {
      if (phase.simulated.equals(name)) {
        return Optional.of(phase);
      }
    }
    return Optional.empty();
  }

  /** How long our control plane waits for more before it pushes. */
  double debounceMillis() {
    return switch (this) {
      case CONNECT_COLD, CONNECT_WARM -> 0;
      case ENDPOINT -> ENDPOINT_DEBOUNCE_MILLIS;
      case ROUTE, SERVICE, EVERYTHING -> DEBOUNCE_MILLIS;
    };
  }
}
