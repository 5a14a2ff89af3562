package io.meltemi.proxy.tracing.datadog;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.trace.v3.DatadogConfig;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.tracing.Collector;
import io.meltemi.proxy.tracing.SpanBatch;
import io.meltemi.proxy.tracing.Tracer;
import io.meltemi.proxy.tracing.TracerFactory;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * {@code envoy.tracers.datadog}.
 *
 * <p>Differs from Envoy: what the agent answers about sampling is not heeded, as the connection
 * manager's sampling decides, and there is no configuration from the agent.
 */
public final class DatadogTracerFactory implements TracerFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          DatadogConfig.class, "collector_cluster", "service_name", "collector_hostname");
  private static final long WAIT_NANOS = 2_000_000_000L;
  private static final long TIMEOUT_NANOS = 2_000_000_000L;
  private static final int BATCH_SIZE = 256;

  private final UpstreamClient client;
  private final Stats stats;
  private final String version;

  /**
   * @param version of this proxy
   */
  public DatadogTracerFactory(UpstreamClient client, Stats stats, String version) {
    this.client = client;
    this.stats = stats;
    this.version = version;
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/envoy.config.trace.v3.DatadogConfig");
  }

  @Override
  public Optional<Tracer> parse(Any config, ParseScope scope) {
    return scope.unpack(config, DatadogConfig.class, FIELDS).map(proto -> parse(proto, scope));
  }

  private Tracer parse(DatadogConfig proto, ParseScope scope) {
    Collector.Target target =
        Collector.Target.parse(
            proto.getCollectorCluster(),
            proto.getCollectorHostname(),
            "/v0.4/traces",
            TIMEOUT_NANOS,
            scope);
    if (proto.getServiceName().isEmpty()) {
      scope.field("service_name").error("\"\"", "a name");
    }
    Collector collector =
        new Collector(
            client,
            target,
            List.of(
                Collector.Header.of("content-type", "application/msgpack"),
                Collector.Header.of("datadog-meta-lang", "java"),
                Collector.Header.of(
                    "datadog-meta-lang-version", Integer.toString(Runtime.version().feature())),
                Collector.Header.of("datadog-meta-tracer-version", version)));
    TraceMessages messages =
        new TraceMessages(proto.getServiceName(), version, UUID.randomUUID().toString());
    StatScope counters = stats.scope("tracing.datadog.");
    Collector.Listener outcomes = Collector.counting(counters);
    return new DatadogTracer(
        new SpanBatch<>(
            new SpanBatch.Limits(BATCH_SIZE, WAIT_NANOS, BATCH_SIZE),
            counters.counter("timer_flushed"),
            counters.counter("reports_dropped"),
            (loop, traces) ->
                collector.send(
                    loop,
                    messages.write(traces),
                    List.of(
                        Collector.Header.of(
                            "x-datadog-trace-count", Integer.toString(traces.size()))),
                    outcomes)));
  }
}
