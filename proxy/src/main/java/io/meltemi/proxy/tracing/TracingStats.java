package io.meltemi.proxy.tracing;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;

/** Why requests were traced or not: {@code http.<prefix>.tracing.}. Any thread. */
public final class TracingStats {
  final Counter randomSampling;
  final Counter serviceForced;
  final Counter clientEnabled;
  final Counter notTraceable;
  final Counter healthCheck;

  public TracingStats(StatScope http) {
    randomSampling = http.counter("tracing.random_sampling");
    serviceForced = http.counter("tracing.service_forced");
    clientEnabled = http.counter("tracing.client_enabled");
    notTraceable = http.counter("tracing.not_traceable");
    healthCheck = http.counter("tracing.health_check");
  }
}
