package io.meltemi.proxy.http.filter.fault;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.common.fault.v3.FaultDelay;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.FaultAbort;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.http.filter.fault.FaultConfig.Abort;
import io.meltemi.proxy.http.filter.fault.FaultConfig.Conditions;
import io.meltemi.proxy.http.filter.fault.FaultConfig.Delay;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.FractionParser;
import io.meltemi.proxy.matcher.HeaderMatcherParser;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.Optional;
import java.util.Set;

/** Parses faults. Faults asked for by request headers and slow responses are refused. */
public final class FaultFilterFactory implements HttpFilterFactory {
  private static final Set<String> TYPE_URLS =
      Set.of("type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault");
  private static final SupportedFields FAULT =
      SupportedFields.of(
              HTTPFault.class,
              "delay",
              "abort",
              "upstream_cluster",
              "headers",
              "downstream_nodes",
              "max_active_faults",
              "disable_downstream_cluster_stats",
              "filter_metadata")
          .withoutEffect(
              "the configured value: there is no runtime",
              "delay_percent_runtime",
              "abort_percent_runtime",
              "delay_duration_runtime",
              "abort_http_status_runtime",
              "max_active_faults_runtime",
              "response_rate_limit_percent_runtime",
              "abort_grpc_status_runtime");
  private static final SupportedFields DELAY =
      SupportedFields.of(FaultDelay.class, "fixed_delay", "percentage");
  private static final SupportedFields ABORT =
      SupportedFields.of(FaultAbort.class, "http_status", "grpc_status", "percentage");

  @Override
  public String name() {
    return "envoy.filters.http.fault";
  }

  @Override
  public Set<String> typeUrls() {
    return TYPE_URLS;
  }

  @Override
  public Set<String> routeTypeUrls() {
    return TYPE_URLS;
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope.unpack(config, HTTPFault.class, FAULT).map(proto -> fault(proto, scope));
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope.unpack(config, HTTPFault.class, FAULT).map(proto -> fault(proto, scope));
  }

  private static FaultConfig fault(HTTPFault proto, ParseScope scope) {
    return new FaultConfig(
        proto.hasDelay() ? delay(proto.getDelay(), scope.field("delay")) : Optional.empty(),
        proto.hasAbort() ? abort(proto.getAbort(), scope.field("abort")) : Optional.empty(),
        new Conditions(
            proto.getUpstreamCluster(),
            proto.getDownstreamNodesList(),
            HeaderMatcherParser.parseAll(proto.getHeadersList(), scope, "headers")),
        proto.hasMaxActiveFaults()
            ? Integer.toUnsignedLong(proto.getMaxActiveFaults().getValue())
            : Long.MAX_VALUE);
  }

  private static Optional<Delay> delay(FaultDelay proto, ParseScope scope) {
    DELAY.check(proto, scope);
    Fraction share = FractionParser.parse(proto.getPercentage(), scope.field("percentage"));
    if (proto.hasHeaderDelay()) {
      // reported by the check above
      return Optional.empty();
    }
    long nanos = scope.field("fixed_delay").durationNanos(proto.getFixedDelay());
    if (nanos == 0) {
      scope.field("fixed_delay").error("0s", "more than 0");
    }
    return Optional.of(new Delay(nanos, share));
  }

  private static Optional<Abort> abort(FaultAbort proto, ParseScope scope) {
    ABORT.check(proto, scope);
    Fraction share = FractionParser.parse(proto.getPercentage(), scope.field("percentage"));
    return switch (proto.getErrorTypeCase()) {
      case HTTP_STATUS -> {
        if (proto.getHttpStatus() < 200 || proto.getHttpStatus() > 599) {
          scope
              .field("http_status")
              .error(Integer.toUnsignedString(proto.getHttpStatus()), "200 to 599");
        }
        yield Optional.of(new Abort(proto.getHttpStatus(), -1, share));
      }
      case GRPC_STATUS -> {
        if (proto.getGrpcStatus() < 0) {
          scope
              .field("grpc_status")
              .error(Integer.toUnsignedString(proto.getGrpcStatus()), "a gRPC status");
        }
        yield Optional.of(new Abort(200, proto.getGrpcStatus(), share));
      }
      // reported by the check above
      case HEADER_ABORT -> Optional.empty();
      case ERRORTYPE_NOT_SET -> {
        scope.error("no status", "http_status or grpc_status");
        yield Optional.empty();
      }
    };
  }
}
