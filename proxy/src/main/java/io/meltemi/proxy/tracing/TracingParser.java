package io.meltemi.proxy.tracing;

import io.envoyproxy.envoy.config.trace.v3.Tracing.Http;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing;
import io.envoyproxy.envoy.type.v3.Percent;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.tracing.TracingSettings.Names;
import io.meltemi.proxy.tracing.TracingSettings.Self;
import io.meltemi.proxy.tracing.TracingSettings.Spans;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code HttpConnectionManager.Tracing} to {@link TracingSettings}. Any thread. */
public final class TracingParser {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          Tracing.class,
          "client_sampling",
          "random_sampling",
          "overall_sampling",
          "verbose",
          "max_path_tag_length",
          "custom_tags",
          "provider",
          "spawn_upstream_span",
          "operation",
          "upstream_operation",
          "no_context_propagation");
  private static final SupportedFields PROVIDER =
      SupportedFields.of(Http.class, "name", "typed_config");
  private static final int PATH_BYTES_DEFAULT = 256;
  private static final int HUNDREDTHS = 10_000;

  private final Map<String, TracerFactory> byType = new HashMap<>();
  private final RouteTracingParser parts;
  private final Self self;

  public TracingParser(List<TracerFactory> factories, Formatter.Sources sources, Self self) {
    this.self = self;
    for (TracerFactory factory : factories) {
      factory.typeUrls().forEach(url -> byType.put(url, factory));
    }
    parts = new RouteTracingParser(sources);
  }

  /** Empty when nothing is traced, or when it is bad, which is then an error in the scope. */
  public Optional<TracingSettings> parse(Tracing proto, ParseScope scope) {
    FIELDS.check(proto, scope);
    int pathBytes =
        proto.hasMaxPathTagLength() ? proto.getMaxPathTagLength().getValue() : PATH_BYTES_DEFAULT;
    if (pathBytes < 0) {
      pathBytes = Integer.MAX_VALUE;
    }
    Sampling sampling =
        new Sampling(
            new Fraction(
                proto.hasClientSampling()
                    ? (long) percent(proto.getClientSampling(), scope.field("client_sampling"))
                    : 100,
                100),
            hundredths(
                proto.hasRandomSampling(),
                proto.getRandomSampling(),
                scope.field("random_sampling")),
            hundredths(
                proto.hasOverallSampling(),
                proto.getOverallSampling(),
                scope.field("overall_sampling")));
    Spans spans =
        new Spans(
            proto.getSpawnUpstreamSpan().getValue(),
            proto.getVerbose(),
            pathBytes,
            !NewerFields.flag(proto, NewerFields.NO_CONTEXT_PROPAGATION));
    List<CustomTag> tags = parts.tags(proto.getCustomTagsList(), scope);
    Names names =
        new Names(
            parts.format(NewerFields.text(proto, NewerFields.OPERATION), scope.field("operation")),
            parts.format(
                NewerFields.text(proto, NewerFields.UPSTREAM_OPERATION),
                scope.field("upstream_operation")));
    return tracer(proto, scope)
        .map(tracer -> new TracingSettings(tracer, sampling, spans, tags, names, self));
  }

  private Optional<Tracer> tracer(Tracing proto, ParseScope scope) {
    ParseScope at = scope.field("provider");
    if (!proto.hasProvider()) {
      // as in Envoy it then depends on a bootstrap's deprecated field, and nothing is traced
      return Optional.empty();
    }
    Http provider = proto.getProvider();
    PROVIDER.check(provider, at);
    TracerFactory factory = byType.get(provider.getTypedConfig().getTypeUrl());
    if (factory == null) {
      at.field("typed_config")
          .unsupported(provider.getName() + " " + provider.getTypedConfig().getTypeUrl());
      return Optional.empty();
    }
    return factory.parse(provider.getTypedConfig(), at.field("typed_config"));
  }

  private static Fraction hundredths(boolean present, Percent proto, ParseScope scope) {
    return new Fraction(
        present ? Math.round(percent(proto, scope) * (HUNDREDTHS / 100)) : HUNDREDTHS, HUNDREDTHS);
  }

  private static double percent(Percent proto, ParseScope scope) {
    double value = proto.getValue();
    if (value >= 0 && value <= 100) {
      return value;
    }
    scope.field("value").error(Double.toString(value), "0 to 100");
    return 0;
  }
}
