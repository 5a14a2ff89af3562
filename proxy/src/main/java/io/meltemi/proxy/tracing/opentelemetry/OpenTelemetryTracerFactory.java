package io.meltemi.proxy.tracing.opentelemetry;

import com.google.protobuf.Any;
import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.core.v3.HttpService;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.trace.v3.OpenTelemetryConfig;
import io.envoyproxy.envoy.extensions.tracers.opentelemetry.resource_detectors.v3.EnvironmentResourceDetectorConfig;
import io.envoyproxy.envoy.extensions.tracers.opentelemetry.resource_detectors.v3.StaticConfigResourceDetectorConfig;
import io.envoyproxy.envoy.extensions.tracers.opentelemetry.samplers.v3.AlwaysOnSamplerConfig;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.tracing.Collector;
import io.meltemi.proxy.tracing.Span;
import io.meltemi.proxy.tracing.SpanBatch;
import io.meltemi.proxy.tracing.Tracer;
import io.meltemi.proxy.tracing.TracerFactory;
import io.meltemi.proxy.upstream.GrpcClient;
import io.meltemi.proxy.upstream.ServiceParser;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** {@code envoy.tracers.opentelemetry}. */
public final class OpenTelemetryTracerFactory implements TracerFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          OpenTelemetryConfig.class,
          "grpc_service",
          "http_service",
          "service_name",
          "resource_detectors",
          "sampler",
          "max_cache_size");
  private static final SupportedFields HTTP =
      SupportedFields.of(HttpService.class, "http_uri", "request_headers_to_add");
  private static final SupportedFields STATIC =
      SupportedFields.of(StaticConfigResourceDetectorConfig.class, "attributes");
  private static final String VARIABLE = "OTEL_RESOURCE_ATTRIBUTES";
  private static final int BATCH_SIZE = 5;
  private static final int WAITING_MAX = 1024;
  private static final long WAIT_NANOS = 5_000_000_000L;

  private final UpstreamClient client;
  private final Stats stats;
  private final Map<String, String> environment;
  private final String version;

  /**
   * @param environment where {@code OTEL_RESOURCE_ATTRIBUTES} may say what this process is
   * @param version of this proxy
   */
  public OpenTelemetryTracerFactory(
      UpstreamClient client, Stats stats, Map<String, String> environment, String version) {
    this.client = client;
    this.stats = stats;
    this.environment = Map.copyOf(environment);
    this.version = version;
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig");
  }

  @Override
  public Optional<Tracer> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, OpenTelemetryConfig.class, FIELDS)
        .flatMap(proto -> parse(proto, scope));
  }

  private Optional<Tracer> parse(OpenTelemetryConfig proto, ParseScope scope) {
    boolean always = false;
    if (proto.hasSampler()) {
      ParseScope at = scope.field("sampler");
      always = MessageTypes.holds(proto.getSampler().getTypedConfig(), AlwaysOnSamplerConfig.class);
      if (!always) {
        at.field("typed_config")
            .unsupported(
                proto.getSampler().getName()
                    + " "
                    + proto.getSampler().getTypedConfig().getTypeUrl());
      }
    }
    SpanMessages messages = new SpanMessages(resource(proto, scope), version);
    int waitingMax = WAITING_MAX;
    for (UInt32Value max :
        NewerFields.messages(
            proto.getUnknownFields(),
            NewerFields.SPANS_MAX,
            UInt32Value.parser(),
            scope.field("max_cache_size"))) {
      waitingMax = Math.max(1, max.getValue());
    }
    StatScope counters = stats.scope("tracing.opentelemetry.");
    SpanBatch.Limits limits = new SpanBatch.Limits(BATCH_SIZE, WAIT_NANOS, waitingMax);
    boolean alwaysOn = always;
    return exporter(proto, messages, counters, scope)
        .map(
            exporter ->
                new OpenTelemetryTracer(
                    new SpanBatch<>(
                        limits,
                        counters.counter("timer_flushed"),
                        counters.counter("spans_dropped"),
                        exporter),
                    alwaysOn));
  }

  private Optional<SpanBatch.Sender<Span>> exporter(
      OpenTelemetryConfig proto, SpanMessages messages, StatScope counters, ParseScope scope) {
    if (proto.hasGrpcService() && proto.hasHttpService()) {
      scope.error("grpc_service and http_service", "one of them");
      return Optional.empty();
    }
    if (proto.hasGrpcService()) {
      GrpcClient calls = new GrpcClient(client);
      return ServiceParser.grpc(proto.getGrpcService(), scope.field("grpc_service"))
          .map(target -> new GrpcExporter(calls, target, messages, counters));
    }
    if (proto.hasHttpService()) {
      ParseScope at = scope.field("http_service");
      HttpService service = proto.getHttpService();
      HTTP.check(service, at);
      return ServiceParser.http(service.getHttpUri(), at.field("http_uri"))
          .map(
              target ->
                  new HttpExporter(
                      new Collector(
                          client,
                          new Collector.Target(
                              target.cluster(),
                              target.host(),
                              target.path(),
                              target.timeoutNanos()),
                          headers(service, at)),
                      messages,
                      counters));
    }
    // as in Envoy: contexts travel, and nobody is told
    return Optional.of((_, _) -> {});
  }

  private List<Collector.Header> headers(HttpService service, ParseScope scope) {
    List<Collector.Header> headers = Collector.headers(service.getRequestHeadersToAddList(), scope);
    headers.add(Collector.Header.of("content-type", "application/x-protobuf"));
    headers.add(Collector.Header.of("user-agent", "OTel-OTLP-Exporter-Envoy/" + version));
    return headers;
  }

  /** What is told of this process; who speaks later wins. */
  private Map<String, String> resource(OpenTelemetryConfig proto, ParseScope scope) {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put(
        "service.name",
        proto.getServiceName().isEmpty() ? "unknown_service:envoy" : proto.getServiceName());
    attributes.put("telemetry.sdk.language", "java");
    attributes.put("telemetry.sdk.name", "envoy");
    attributes.put("telemetry.sdk.version", version);
    for (int i = 0; i < proto.getResourceDetectorsCount(); i++) {
      TypedExtensionConfig detector = proto.getResourceDetectors(i);
      ParseScope at = scope.field("resource_detectors", i).field("typed_config");
      Any config = detector.getTypedConfig();
      if (MessageTypes.holds(config, EnvironmentResourceDetectorConfig.class)) {
        fromEnvironment(attributes, at);
      } else if (MessageTypes.holds(config, StaticConfigResourceDetectorConfig.class)) {
        at.unpack(config, StaticConfigResourceDetectorConfig.class, STATIC)
            .ifPresent(told -> attributes.putAll(told.getAttributesMap()));
      } else {
        at.unsupported(detector.getName() + " " + config.getTypeUrl());
      }
    }
    return attributes;
  }

  /** {@code name=value} pairs behind commas; as in Envoy none at all is worth a warning. */
  private void fromEnvironment(Map<String, String> attributes, ParseScope scope) {
    String all = environment.getOrDefault(VARIABLE, "");
    if (all.isEmpty()) {
      scope.warn("no " + VARIABLE, "the variable " + VARIABLE + " in the environment");
      return;
    }
    for (String pair : all.split(",", -1)) {
      int equals = pair.indexOf('=');
      if (equals <= 0) {
        scope.warn(VARIABLE + ": " + pair, "name=value");
      } else {
        attributes.put(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
      }
    }
  }

  private record GrpcExporter(
      GrpcClient calls, GrpcClient.Target target, SpanMessages messages, StatScope counters)
      implements SpanBatch.Sender<Span> {
    private static final String PATH =
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

    @Override
    public void send(io.meltemi.proxy.loop.LoopContext loop, List<Span> batch) {
      counters.counter("spans_sent").add(batch.size());
      calls.call(
          loop,
          target,
          PATH,
          messages.export(batch),
          io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse.parser(),
          new GrpcClient.Listener<>() {
            @Override
            public void onAnswer(
                io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse answer) {
              // what it refused it will not take later either
            }

            @Override
            public void onFailure(int status) {
              // spans are not worth a second try; the cluster's numbers tell of it
            }
          });
    }
  }

  private record HttpExporter(Collector collector, SpanMessages messages, StatScope counters)
      implements SpanBatch.Sender<Span> {
    @Override
    public void send(io.meltemi.proxy.loop.LoopContext loop, List<Span> batch) {
      counters.counter("spans_sent").add(batch.size());
      collector.send(loop, messages.export(batch).toByteString(), List.of(), _ -> {});
    }
  }
}
