package io.meltemi.proxy.http.filter.extauthz;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.RetryPolicy;
import io.envoyproxy.envoy.config.core.v3.RuntimeFeatureFlag;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.AuthorizationRequest;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.AuthorizationResponse;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.BufferSettings;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.CheckSettings;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.ExtAuthz;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.HttpService;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.http.filter.extauthz.ExtAuthzConfig.Body;
import io.meltemi.proxy.matcher.BytePattern;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.FractionParser;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.HeaderMutations;
import io.meltemi.proxy.route.HeaderMutationsParser;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.upstream.GrpcClient;
import io.meltemi.proxy.upstream.ServiceParser;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Parses external authorization. Refused by name: typed metadata, {@code filter_enabled_metadata},
 * raw headers, labels of the bootstrap, mutation rules and numbers in the filter state.
 */
public final class ExtAuthzFilterFactory implements HttpFilterFactory {
  private static final String TYPE_PREFIX =
      "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.";
  private static final SupportedFields FILTER =
      SupportedFields.of(
          ExtAuthz.class,
          "grpc_service",
          "http_service",
          "transport_api_version",
          "failure_mode_allow",
          "failure_mode_allow_header_add",
          "with_request_body",
          "clear_route_cache",
          "status_on_error",
          "validate_mutations",
          "metadata_context_namespaces",
          "route_metadata_context_namespaces",
          "filter_enabled",
          "deny_at_disable",
          "include_peer_certificate",
          "stat_prefix",
          "allowed_headers",
          "disallowed_headers",
          "include_tls_session",
          "charge_cluster_response_stats",
          "enable_dynamic_metadata_ingestion");
  private static final SupportedFields HTTP =
      SupportedFields.of(
          HttpService.class,
          "server_uri",
          "path_prefix",
          "path_override",
          "retry_policy",
          "authorization_request",
          "authorization_response");
  private static final SupportedFields HTTP_REQUEST =
      SupportedFields.of(AuthorizationRequest.class, "allowed_headers", "headers_to_add");
  private static final SupportedFields HTTP_RESPONSE =
      SupportedFields.of(
          AuthorizationResponse.class,
          "allowed_upstream_headers",
          "allowed_upstream_headers_to_append",
          "allowed_client_headers",
          "allowed_client_headers_on_success",
          "dynamic_metadata_from_headers");
  private static final SupportedFields BODY =
      SupportedFields.of(
          BufferSettings.class, "max_request_bytes", "allow_partial_message", "pack_as_bytes");
  private static final SupportedFields FLAG =
      SupportedFields.of(RuntimeFeatureFlag.class, "default_value", "runtime_key");
  private static final SupportedFields ROUTE =
      SupportedFields.of(ExtAuthzPerRoute.class, "disabled", "check_settings");
  private static final SupportedFields CHECK =
      SupportedFields.of(
          CheckSettings.class,
          "context_extensions",
          "disable_request_body_buffering",
          "with_request_body");
  private static final List<String> ALWAYS_TOLD =
      List.of(":method", ":path", ":authority", "authorization");
  private static final long GRPC_TIMEOUT_NANOS = 200_000_000;
  private static final int FORBIDDEN = 403;

  private final UpstreamClient client;
  private final ClusterManager clusters;
  private final HeaderMutationsParser headers;

  public ExtAuthzFilterFactory(UpstreamClient client, ClusterManager clusters, Ticker ticker) {
    this.client = client;
    this.clusters = clusters;
    this.headers = new HeaderMutationsParser(ticker);
  }

  @Override
  public String name() {
    return "envoy.filters.http.ext_authz";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(TYPE_PREFIX + "ExtAuthz");
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(TYPE_PREFIX + "ExtAuthzPerRoute");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope.unpack(config, ExtAuthz.class, FILTER).flatMap(proto -> config(proto, scope));
  }

  private Optional<HttpFilterConfig> config(ExtAuthz proto, ParseScope scope) {
    if (proto.getTransportApiVersion() != ApiVersion.V3
        && proto.getTransportApiVersion() != ApiVersion.AUTO) {
      scope.field("transport_api_version").error(proto.getTransportApiVersion().name(), "V3");
    }
    ExtAuthzConfig.Asked asked =
        new ExtAuthzConfig.Asked(
            proto.hasFilterEnabled()
                ? FractionParser.parse(proto.getFilterEnabled(), scope.field("filter_enabled"))
                : Fraction.ALWAYS,
            flag(proto.getDenyAtDisable(), scope.field("deny_at_disable")));
    Optional<Body> body =
        proto.hasWithRequestBody()
            ? body(proto.getWithRequestBody(), scope.field("with_request_body"))
            : Optional.empty();
    ExtAuthzConfig.Told told =
        new ExtAuthzConfig.Told(
            allowed(proto, scope),
            NameMatcher.parse(proto.getDisallowedHeaders(), scope.field("disallowed_headers")),
            proto.getIncludePeerCertificate(),
            proto.getIncludeTlsSession(),
            proto.getMetadataContextNamespacesList(),
            proto.getRouteMetadataContextNamespacesList());
    int status = proto.getStatusOnError().getCodeValue();
    ExtAuthzConfig.Answers answers =
        new ExtAuthzConfig.Answers(
            status == 0 ? FORBIDDEN : status,
            proto.getFailureModeAllow(),
            proto.getFailureModeAllowHeaderAdd(),
            proto.getClearRouteCache(),
            proto.getValidateMutations(),
            !proto.hasChargeClusterResponseStats()
                || proto.getChargeClusterResponseStats().getValue(),
            !proto.hasEnableDynamicMetadataIngestion()
                || proto.getEnableDynamicMetadataIngestion().getValue());
    return service(proto, scope)
        .map(
            service ->
                new ExtAuthzConfig(
                    service,
                    clusters,
                    proto.getStatPrefix().isEmpty() ? "" : proto.getStatPrefix() + ".",
                    asked,
                    body,
                    told,
                    answers));
  }

  private Optional<AuthService> service(ExtAuthz proto, ParseScope scope) {
    return switch (proto.getServicesCase()) {
      case GRPC_SERVICE ->
          ServiceParser.grpc(proto.getGrpcService(), scope.field("grpc_service"))
              .map(
                  target ->
                      new GrpcAuthService(
                          new GrpcClient(client),
                          proto.getGrpcService().hasTimeout()
                              ? target
                              : target.withTimeout(GRPC_TIMEOUT_NANOS)));
      case HTTP_SERVICE -> http(proto.getHttpService(), scope.field("http_service"));
      case SERVICES_NOT_SET -> {
        scope.error("no service", "grpc_service or http_service");
        yield Optional.empty();
      }
    };
  }

  private Optional<AuthService> http(HttpService proto, ParseScope scope) {
    HTTP.check(proto, scope);
    if (!proto.getPathPrefix().isEmpty() && !proto.getPathPrefix().startsWith("/")) {
      scope.field("path_prefix").error(proto.getPathPrefix(), "a slash first");
    }
    String override = NewerFields.text(proto, NewerFields.AUTH_PATH_OVERRIDE);
    if (!override.isEmpty() && !proto.getPathPrefix().isEmpty()) {
      scope.field("path_override").error(override, "path_prefix or path_override");
    }
    if (!override.isEmpty() && !override.startsWith("/")) {
      scope.field("path_override").error(override, "a slash first");
    }
    ParseScope retryAt = scope.field("retry_policy");
    UpstreamClient.Retries retries = UpstreamClient.Retries.NONE;
    for (RetryPolicy policy :
        NewerFields.messages(
            proto.getUnknownFields(),
            NewerFields.AUTH_RETRY_POLICY,
            RetryPolicy.parser(),
            retryAt)) {
      retries = ServiceParser.retries(policy, retryAt);
    }
    UpstreamClient.Retries chosen = retries;
    AuthorizationRequest request = proto.getAuthorizationRequest();
    ParseScope requestAt = scope.field("authorization_request");
    HTTP_REQUEST.check(request, requestAt);
    List<HeaderValueOption> added = new ArrayList<>();
    for (HeaderValue header : request.getHeadersToAddList()) {
      added.add(
          HeaderValueOption.newBuilder()
              .setHeader(header)
              .setAppendAction(HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)
              .build());
    }
    HeaderMutations mutations = headers.parse(added, requestAt, "headers_to_add");
    HttpAuthService.Answers answers =
        answers(proto.getAuthorizationResponse(), scope.field("authorization_response"));
    return ServiceParser.http(proto.getServerUri(), scope.field("server_uri"))
        .map(
            target ->
                new HttpAuthService(
                    client,
                    new HttpAuthService.Target(target.cluster(), target.timeoutNanos(), chosen),
                    proto.getPathPrefix(),
                    override,
                    mutations,
                    answers));
  }

  private static HttpAuthService.Answers answers(AuthorizationResponse proto, ParseScope scope) {
    HTTP_RESPONSE.check(proto, scope);
    return new HttpAuthService.Answers(
        NameMatcher.parse(
            proto.getAllowedUpstreamHeaders(), scope.field("allowed_upstream_headers")),
        NameMatcher.parse(
            proto.getAllowedUpstreamHeadersToAppend(),
            scope.field("allowed_upstream_headers_to_append")),
        NameMatcher.parse(proto.getAllowedClientHeaders(), scope.field("allowed_client_headers")),
        NameMatcher.parse(
            proto.getAllowedClientHeadersOnSuccess(),
            scope.field("allowed_client_headers_on_success")),
        NameMatcher.parse(
            proto.getDynamicMetadataFromHeaders(), scope.field("dynamic_metadata_from_headers")));
  }

  /** Over HTTP the service is told of what is listed and of four more, over gRPC of all. */
  // the deprecated list still comes from control planes that serve old proxies
  @SuppressWarnings("deprecation")
  private static Optional<NameMatcher> allowed(ExtAuthz proto, ParseScope scope) {
    NameMatcher listed =
        NameMatcher.parse(proto.getAllowedHeaders(), scope.field("allowed_headers"));
    if (!proto.hasHttpService()) {
      return proto.hasAllowedHeaders() ? Optional.of(listed) : Optional.empty();
    }
    AuthorizationRequest request = proto.getHttpService().getAuthorizationRequest();
    if (request.hasAllowedHeaders()) {
      ParseScope at =
          scope.field("http_service").field("authorization_request").field("allowed_headers");
      if (proto.hasAllowedHeaders()) {
        at.error("set", "allowed_headers once");
      }
      listed = NameMatcher.parse(request.getAllowedHeaders(), at);
    }
    List<StringMatcher> all = new ArrayList<>(listed.patterns());
    for (String name : ALWAYS_TOLD) {
      all.add(new StringMatcher.Exact(BytePattern.of(name, false)));
    }
    return Optional.of(new NameMatcher(all));
  }

  private static boolean flag(RuntimeFeatureFlag proto, ParseScope scope) {
    FLAG.check(proto, scope);
    return proto.getDefaultValue().getValue();
  }

  private static Optional<Body> body(BufferSettings proto, ParseScope scope) {
    BODY.check(proto, scope);
    if (proto.getMaxRequestBytes() <= 0) {
      scope
          .field("max_request_bytes")
          .error(Integer.toUnsignedString(proto.getMaxRequestBytes()), "1 to 2147483647");
      return Optional.empty();
    }
    return Optional.of(
        new Body(
            proto.getMaxRequestBytes(), proto.getAllowPartialMessage(), proto.getPackAsBytes()));
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope
        .unpack(config, ExtAuthzPerRoute.class, ROUTE)
        .flatMap(proto -> route(proto, scope));
  }

  private static Optional<RouteFilterConfig> route(ExtAuthzPerRoute proto, ParseScope scope) {
    return switch (proto.getOverrideCase()) {
      case DISABLED -> {
        if (!proto.getDisabled()) {
          scope.field("disabled").error("false", "true");
        }
        yield Optional.of(
            new ExtAuthzRouteConfig(true, java.util.Map.of(), false, Optional.empty()));
      }
      case CHECK_SETTINGS -> {
        ParseScope at = scope.field("check_settings");
        CheckSettings settings = proto.getCheckSettings();
        CHECK.check(settings, at);
        if (settings.getDisableRequestBodyBuffering() && settings.hasWithRequestBody()) {
          at.field("with_request_body")
              .error("set", "disable_request_body_buffering or with_request_body");
        }
        yield Optional.of(
            new ExtAuthzRouteConfig(
                false,
                settings.getContextExtensionsMap(),
                settings.getDisableRequestBodyBuffering(),
                settings.hasWithRequestBody()
                    ? body(settings.getWithRequestBody(), at.field("with_request_body"))
                    : Optional.empty()));
      }
      case OVERRIDE_NOT_SET -> {
        scope.error("nothing", "disabled or check_settings");
        yield Optional.empty();
      }
    };
  }
}
