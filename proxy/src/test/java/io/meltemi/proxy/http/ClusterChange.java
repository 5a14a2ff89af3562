package io.meltemi.proxy.http;

import io.meltemi.proxy.cluster.CircuitBreakers;
import io.meltemi.proxy.cluster.ClusterSettings;
import io.meltemi.proxy.codec.NameFormat;
import java.util.function.UnaryOperator;

/** In what the cluster of a test differs from the harness's own. */
final class ClusterChange implements UnaryOperator<ClusterSettings> {
  private ClusterSettings.Protocol protocol = ClusterSettings.Http.DEFAULT.protocol();
  private long idleTimeoutNanos = ClusterSettings.Http.DEFAULT.idleTimeoutNanos();
  private int requestsPerConnectionMax;
  private long streamDurationNanosMax;
  private NameFormat spelling = ClusterSettings.Http.DEFAULT.spelling();
  private ClusterSettings.Breakers breakers = ClusterSettings.Breakers.DEFAULT;

  static ClusterChange http2() {
    ClusterChange change = new ClusterChange();
    change.protocol = ClusterSettings.Protocol.HTTP2;
    return change;
  }

  ClusterChange idleTimeoutNanos(long nanos) {
    idleTimeoutNanos = nanos;
    return this;
  }

  ClusterChange requestsPerConnectionMax(int limit) {
    requestsPerConnectionMax = limit;
    return this;
  }

  ClusterChange streamDurationNanosMax(long nanos) {
    streamDurationNanosMax = nanos;
    return this;
  }

  ClusterChange spelling(NameFormat ofNames) {
    spelling = ofNames;
    return this;
  }

  /** The same limits for both priorities. */
  ClusterChange limits(CircuitBreakers.Thresholds limits) {
    breakers = new ClusterSettings.Breakers(limits, limits);
    return this;
  }

  ClusterChange breakers(ClusterSettings.Breakers limits) {
    breakers = limits;
    return this;
  }

  @Override
  public ClusterSettings apply(ClusterSettings settings) {
    ClusterSettings.Http http = settings.http();
    return new ClusterSettings(
        settings.name(),
        settings.statName(),
        settings.discovery(),
        settings.balancing(),
        settings.connection(),
        new ClusterSettings.Http(
            protocol,
            idleTimeoutNanos,
            requestsPerConnectionMax,
            http.connectionDurationNanosMax(),
            streamDurationNanosMax,
            http.responseHead(),
            spelling,
            http.http2(),
            http.names(),
            http.hashPolicies()),
        breakers);
  }
}
