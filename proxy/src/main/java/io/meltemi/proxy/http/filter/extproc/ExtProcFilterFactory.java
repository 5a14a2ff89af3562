package io.meltemi.proxy.http.filter.extproc;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ExtProcOverrides;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.upstream.GrpcClient;
import io.meltemi.proxy.upstream.ServiceParser;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.Optional;
import java.util.Set;

/**
 * Parses external processing. Refused by name: attributes, metadata, rules of forwarding and of
 * mutations, observability, services over HTTP, and partial or full-duplex bodies.
 */
public final class ExtProcFilterFactory implements HttpFilterFactory {
  private static final String TYPE_PREFIX =
      "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.";
  private static final SupportedFields FILTER =
      SupportedFields.of(
          ExternalProcessor.class,
          "grpc_service",
          "failure_mode_allow",
          "processing_mode",
          "message_timeout",
          "stat_prefix",
          "allow_mode_override",
          "disable_immediate_response",
          "disable_clear_route_cache");
  private static final SupportedFields ROUTE =
      SupportedFields.of(ExtProcPerRoute.class, "disabled", "overrides");
  private static final SupportedFields OVERRIDES =
      SupportedFields.of(ExtProcOverrides.class, "processing_mode", "grpc_service");
  private static final long TIMEOUT_NANOS = 200_000_000;

  private final UpstreamClient client;

  public ExtProcFilterFactory(UpstreamClient client) {
    this.client = client;
  }

  @Override
  public String name() {
    return "envoy.filters.http.ext_proc";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(TYPE_PREFIX + "ExternalProcessor");
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(TYPE_PREFIX + "ExtProcPerRoute");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, ExternalProcessor.class, FILTER)
        .flatMap(proto -> config(proto, scope));
  }

  private Optional<HttpFilterConfig> config(ExternalProcessor proto, ParseScope scope) {
    Modes modes = Modes.parse(proto.getProcessingMode(), scope.field("processing_mode"));
    long timeout =
        proto.hasMessageTimeout()
            ? scope.field("message_timeout").durationNanos(proto.getMessageTimeout())
            : TIMEOUT_NANOS;
    ExtProcConfig.Answers answers =
        new ExtProcConfig.Answers(
            proto.getFailureModeAllow(),
            proto.getAllowModeOverride(),
            !proto.getDisableImmediateResponse(),
            !proto.getDisableClearRouteCache());
    return ServiceParser.grpc(proto.getGrpcService(), scope.field("grpc_service"))
        .map(
            target ->
                new ExtProcConfig(
                    new GrpcClient(client),
                    target,
                    modes,
                    "ext_proc."
                        + (proto.getStatPrefix().isEmpty() ? "" : proto.getStatPrefix() + "."),
                    timeout,
                    answers));
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope.unpack(config, ExtProcPerRoute.class, ROUTE).map(proto -> route(proto, scope));
  }

  private static RouteFilterConfig route(ExtProcPerRoute proto, ParseScope scope) {
    ExtProcOverrides overrides = proto.getOverrides();
    ParseScope at = scope.field("overrides");
    OVERRIDES.check(overrides, at);
    if (proto.getOverrideCase() == ExtProcPerRoute.OverrideCase.OVERRIDE_NOT_SET) {
      scope.error("nothing", "disabled or overrides");
    }
    return new ExtProcRouteConfig(
        proto.getDisabled(),
        overrides.hasProcessingMode()
            ? Optional.of(Modes.parse(overrides.getProcessingMode(), at.field("processing_mode")))
            : Optional.empty(),
        overrides.hasGrpcService()
            ? ServiceParser.grpc(overrides.getGrpcService(), at.field("grpc_service"))
            : Optional.empty());
  }
}
