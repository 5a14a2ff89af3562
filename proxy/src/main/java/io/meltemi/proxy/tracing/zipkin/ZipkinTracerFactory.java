package io.meltemi.proxy.tracing.zipkin;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.trace.v3.ZipkinConfig;
import io.envoyproxy.envoy.config.trace.v3.ZipkinConfig.CollectorEndpointVersion;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.tracing.Collector;
import io.meltemi.proxy.tracing.SpanBatch;
import io.meltemi.proxy.tracing.Tracer;
import io.meltemi.proxy.tracing.TracerFactory;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code envoy.tracers.zipkin}. */
public final class ZipkinTracerFactory implements TracerFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          ZipkinConfig.class,
          "collector_cluster",
          "collector_endpoint",
          "trace_id_128bit",
          "shared_span_context",
          "collector_endpoint_version",
          "collector_hostname",
          "trace_context_option");
  private static final int BATCH_SIZE = 5;
  private static final long WAIT_NANOS = 5_000_000_000L;
  private static final long TIMEOUT_NANOS = 5_000_000_000L;

  private final UpstreamClient client;
  private final Stats stats;
  private final String service;

  /**
   * @param service the name of this proxy's service
   */
  public ZipkinTracerFactory(UpstreamClient client, Stats stats, String service) {
    this.client = client;
    this.stats = stats;
    this.service = service;
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/envoy.config.trace.v3.ZipkinConfig");
  }

  @Override
  public Optional<Tracer> parse(Any config, ParseScope scope) {
    return scope.unpack(config, ZipkinConfig.class, FIELDS).map(proto -> parse(proto, scope));
  }

  private Tracer parse(ZipkinConfig proto, ParseScope scope) {
    Collector.Target target =
        Collector.Target.parse(
            proto.getCollectorCluster(),
            proto.getCollectorHostname(),
            proto.getCollectorEndpoint(),
            TIMEOUT_NANOS,
            scope);
    if (!proto.getCollectorEndpoint().startsWith("/")) {
      scope.field("collector_endpoint").error("\"" + proto.getCollectorEndpoint() + "\"", "a path");
    }
    if (proto.getCollectorEndpointVersion() != CollectorEndpointVersion.HTTP_JSON) {
      scope
          .field("collector_endpoint_version")
          .unsupported(proto.getCollectorEndpointVersion().name());
    }
    int option = NewerFields.number(proto, NewerFields.TRACE_CONTEXT_OPTION);
    if (option < 0 || option > 1) {
      scope
          .field("trace_context_option")
          .error(Integer.toString(option), "USE_B3 or USE_B3_WITH_W3C_PROPAGATION");
    }
    ZipkinTracer.Options options =
        new ZipkinTracer.Options(
            proto.getTraceId128Bit(),
            !proto.hasSharedSpanContext() || proto.getSharedSpanContext().getValue(),
            option == 1);
    Collector collector =
        new Collector(
            client, target, List.of(Collector.Header.of("content-type", "application/json")));
    SpanJson json = new SpanJson(service, address(), options.shared());
    StatScope counters = stats.scope("tracing.zipkin.");
    Collector.Listener outcomes = Collector.counting(counters);
    return new ZipkinTracer(
        new SpanBatch<>(
            new SpanBatch.Limits(BATCH_SIZE, WAIT_NANOS, BATCH_SIZE),
            counters.counter("timer_flushed"),
            counters.counter("reports_dropped"),
            (loop, spans) -> {
              counters.counter("spans_sent").add(spans.size());
              collector.send(loop, json.write(spans), List.of(), outcomes);
            }),
        options);
  }

  /** The machine's first address that others could reach; as in Envoy of the fourth version. */
  private static String address() {
    try {
      return NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .filter(found -> found instanceof Inet4Address && !found.isLoopbackAddress())
          .map(InetAddress::getHostAddress)
          .findFirst()
          .orElse("127.0.0.1");
    } catch (SocketException e) {
      return "127.0.0.1";
    }
  }
}
