package io.meltemi.proxy.http.filter.ratelimit;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.ratelimit.v3.RateLimitServiceConfig;
import io.envoyproxy.envoy.extensions.filters.http.ratelimit.v3.RateLimit;
import io.envoyproxy.envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute;
import io.envoyproxy.envoy.type.v3.HttpStatus;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.http.filter.ratelimit.RateLimitConfig.Requests;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.FractionParser;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.HeaderMutationsParser;
import io.meltemi.proxy.route.RateLimitParser;
import io.meltemi.proxy.route.RateLimits;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.upstream.GrpcClient;
import io.meltemi.proxy.upstream.ServiceParser;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.Optional;
import java.util.Set;

/** Parses rate limits that a service decides. {@code override_option} is refused. */
public final class RateLimitFilterFactory implements HttpFilterFactory {
  private static final String TYPE_PREFIX =
      "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.";
  private static final SupportedFields LIMIT =
      SupportedFields.of(
          RateLimit.class,
          "domain",
          "stage",
          "request_type",
          "timeout",
          "failure_mode_deny",
          "rate_limited_as_resource_exhausted",
          "rate_limit_service",
          "enable_x_ratelimit_headers",
          "disable_x_envoy_ratelimited_header",
          "rate_limited_status",
          "response_headers_to_add",
          "status_on_error",
          "stat_prefix",
          "filter_enabled",
          "filter_enforced");
  private static final SupportedFields ROUTE =
      SupportedFields.of(RateLimitPerRoute.class, "vh_rate_limits", "rate_limits", "domain");
  private static final SupportedFields SERVICE =
      SupportedFields.of(RateLimitServiceConfig.class, "grpc_service", "transport_api_version");
  private static final long TIMEOUT_NANOS = 20_000_000;
  private static final int STAGE_MAX = 10;
  private static final int HEADERS_MAX = 10;

  private final GrpcClient client;
  private final ClusterManager clusters;
  private final String localCluster;
  private final HeaderMutationsParser headers;
  private final RateLimitParser limits;

  /**
   * @param localCluster of this proxy's node
   */
  public RateLimitFilterFactory(
      UpstreamClient client, ClusterManager clusters, Ticker ticker, String localCluster) {
    this.client = new GrpcClient(client);
    this.clusters = clusters;
    this.localCluster = localCluster;
    this.headers = new HeaderMutationsParser(ticker);
    this.limits = new RateLimitParser(ticker);
  }

  @Override
  public String name() {
    return "envoy.filters.http.ratelimit";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(TYPE_PREFIX + "RateLimit");
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(TYPE_PREFIX + "RateLimitPerRoute");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope.unpack(config, RateLimit.class, LIMIT).flatMap(proto -> config(proto, scope));
  }

  private Optional<HttpFilterConfig> config(RateLimit proto, ParseScope scope) {
    if (proto.getDomain().isEmpty()) {
      scope.field("domain").error("\"\"", "at least one character");
    }
    if (proto.getStage() < 0 || proto.getStage() > STAGE_MAX) {
      scope.field("stage").error(Integer.toUnsignedString(proto.getStage()), "0 to " + STAGE_MAX);
    }
    if (proto.getResponseHeadersToAddCount() > HEADERS_MAX) {
      scope
          .field("response_headers_to_add")
          .error(proto.getResponseHeadersToAddCount() + " headers", "at most " + HEADERS_MAX);
    }
    ParseScope serviceAt = scope.field("rate_limit_service");
    RateLimitServiceConfig service = proto.getRateLimitService();
    SERVICE.check(service, serviceAt);
    if (service.getTransportApiVersion() != ApiVersion.V3) {
      serviceAt.field("transport_api_version").error(service.getTransportApiVersion().name(), "V3");
    }
    long timeout =
        proto.hasTimeout()
            ? scope.field("timeout").durationNanos(proto.getTimeout())
            : TIMEOUT_NANOS;
    RateLimitConfig.Asked asked =
        new RateLimitConfig.Asked(
            requests(proto.getRequestType(), scope.field("request_type")),
            proto.hasFilterEnabled()
                ? FractionParser.parse(proto.getFilterEnabled(), scope.field("filter_enabled"))
                : Fraction.ALWAYS,
            proto.hasFilterEnforced()
                ? FractionParser.parse(proto.getFilterEnforced(), scope.field("filter_enforced"))
                : Fraction.ALWAYS);
    RateLimitConfig.Answers answers =
        new RateLimitConfig.Answers(
            status(proto.getRateLimitedStatus(), 429),
            status(proto.getStatusOnError(), 500),
            proto.getFailureModeDeny(),
            proto.getRateLimitedAsResourceExhausted(),
            proto.getEnableXRatelimitHeaders()
                == RateLimit.XRateLimitHeadersRFCVersion.DRAFT_VERSION_03,
            !proto.getDisableXEnvoyRatelimitedHeader(),
            headers.parse(proto.getResponseHeadersToAddList(), scope, "response_headers_to_add"));
    return ServiceParser.grpc(service.getGrpcService(), serviceAt.field("grpc_service"))
        .map(
            target ->
                new RateLimitConfig(
                    new RateLimitConfig.Service(
                        client, target.withTimeout(timeout), clusters, localCluster),
                    proto.getDomain(),
                    proto.getStage(),
                    asked,
                    answers,
                    proto.getStatPrefix().isEmpty() ? "" : proto.getStatPrefix() + "."));
  }

  /** As in Envoy a status that is no error stands for the usual one. */
  private static int status(HttpStatus proto, int usual) {
    return proto.getCodeValue() >= 400 ? proto.getCodeValue() : usual;
  }

  private static Requests requests(String type, ParseScope scope) {
    return switch (type) {
      case "", "both" -> Requests.BOTH;
      case "internal" -> Requests.INTERNAL;
      case "external" -> Requests.EXTERNAL;
      default -> {
        scope.error(type, "internal, external or both");
        yield Requests.BOTH;
      }
    };
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope
        .unpack(config, RateLimitPerRoute.class, ROUTE)
        .map(
            proto -> {
              RateLimits.HostChoice host =
                  switch (proto.getVhRateLimits()) {
                    case OVERRIDE -> RateLimits.HostChoice.OVERRIDE;
                    case INCLUDE -> RateLimits.HostChoice.INCLUDE;
                    case IGNORE -> RateLimits.HostChoice.IGNORE;
                    case UNRECOGNIZED -> {
                      scope.field("vh_rate_limits").error("unknown", "OVERRIDE, INCLUDE or IGNORE");
                      yield RateLimits.HostChoice.OVERRIDE;
                    }
                  };
              return new RateLimitRouteConfig(
                  host, proto.getDomain(), limits.parse(proto.getRateLimitsList(), scope));
            });
  }
}
