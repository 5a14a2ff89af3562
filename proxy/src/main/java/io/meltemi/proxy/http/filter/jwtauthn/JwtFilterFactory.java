package io.meltemi.proxy.http.filter.jwtauthn;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.JwksAsyncFetch;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.JwtClaimToHeader;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.JwtHeader;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.JwtProvider;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.JwtRequirement;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.ProviderWithAudiences;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.RemoteJwks;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.RequirementRule;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.http.filter.jwtauthn.JwtConfig.Requirement;
import io.meltemi.proxy.http.filter.jwtauthn.JwtConfig.TokenProvider;
import io.meltemi.proxy.matcher.StringMatcherParser;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.route.RouteMatcherParser;
import io.meltemi.proxy.upstream.ServiceParser;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Parses what tokens are asked for. Rules by filter state and keys from files are refused. */
public final class JwtFilterFactory implements HttpFilterFactory {
  private static final String TYPE_PREFIX =
      "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.";
  private static final SupportedFields AUTHENTICATION =
      SupportedFields.of(
          JwtAuthentication.class,
          "providers",
          "rules",
          "bypass_cors_preflight",
          "requirement_map",
          "strip_failure_response",
          "stat_prefix");
  private static final SupportedFields PROVIDER =
      SupportedFields.of(
              JwtProvider.class,
              "issuer",
              "audiences",
              "subjects",
              "require_expiration",
              "max_lifetime",
              "remote_jwks",
              "local_jwks",
              "forward",
              "from_headers",
              "from_params",
              "from_cookies",
              "forward_payload_header",
              "pad_forward_payload_header",
              "payload_in_metadata",
              "normalize_payload_in_metadata",
              "header_in_metadata",
              "failed_status_in_metadata",
              "clock_skew_seconds",
              "claim_to_headers",
              "clear_route_cache")
          .withoutEffect("tokens are verified each time", "jwt_cache_config");
  private static final SupportedFields REMOTE =
      SupportedFields.of(
          RemoteJwks.class, "http_uri", "cache_duration", "async_fetch", "retry_policy");
  private static final SupportedFields ASYNC =
      SupportedFields.of(JwksAsyncFetch.class)
          .withoutEffect(
              "keys are fetched when first needed", "fast_listener", "failed_refetch_duration");
  private static final SupportedFields LOCAL =
      SupportedFields.of(DataSource.class, "inline_string", "inline_bytes");
  private static final SupportedFields NORMALIZE =
      SupportedFields.of(JwtProvider.NormalizePayload.class, "space_delimited_claims");
  private static final SupportedFields HEADER =
      SupportedFields.of(JwtHeader.class, "name", "value_prefix");
  private static final SupportedFields CLAIM =
      SupportedFields.of(JwtClaimToHeader.class, "header_name", "claim_name");
  private static final SupportedFields RULE =
      SupportedFields.of(RequirementRule.class, "match", "requires", "requirement_name");
  private static final SupportedFields REQUIREMENT =
      SupportedFields.of(
          JwtRequirement.class,
          "provider_name",
          "provider_and_audiences",
          "requires_any",
          "requires_all",
          "allow_missing_or_failed",
          "allow_missing");
  private static final SupportedFields WITH_AUDIENCES =
      SupportedFields.of(ProviderWithAudiences.class, "provider_name", "audiences");
  private static final SupportedFields ROUTE =
      SupportedFields.of(PerRouteConfig.class, "disabled", "requirement_name");
  private static final long KEPT_NANOS = 600_000_000_000L;
  private static final int SKEW_SECONDS = 60;
  private static final int DEPTH_MAX = 32;
  private static final HeaderName AUTHORIZATION = HeaderName.of("authorization");

  private final UpstreamClient client;

  public JwtFilterFactory(UpstreamClient client) {
    this.client = client;
  }

  @Override
  public String name() {
    return "envoy.filters.http.jwt_authn";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(TYPE_PREFIX + "JwtAuthentication");
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(TYPE_PREFIX + "PerRouteConfig");
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope
        .unpack(config, PerRouteConfig.class, ROUTE)
        .flatMap(
            proto ->
                switch (proto.getRequirementSpecifierCase()) {
                  case DISABLED -> {
                    if (!proto.getDisabled()) {
                      scope.field("disabled").error("false", "true");
                    }
                    yield Optional.of(new JwtConfig.OfRoute.Disabled());
                  }
                  case REQUIREMENT_NAME ->
                      Optional.of(new JwtConfig.OfRoute.Named(proto.getRequirementName()));
                  case REQUIREMENTSPECIFIER_NOT_SET -> {
                    scope.error("nothing", "disabled or requirement_name");
                    yield Optional.empty();
                  }
                });
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, JwtAuthentication.class, AUTHENTICATION)
        .map(proto -> config(proto, scope));
  }

  private JwtConfig config(JwtAuthentication proto, ParseScope scope) {
    Map<String, TokenProvider> providers = new TreeMap<>();
    new TreeMap<>(proto.getProvidersMap())
        .forEach(
            (name, provider) ->
                provider(name, provider, scope.field("providers", name))
                    .ifPresent(made -> providers.put(name, made)));
    Map<String, Requirement> byName = new TreeMap<>();
    List<TokenProvider> all = List.copyOf(providers.values());
    new TreeMap<>(proto.getRequirementMapMap())
        .forEach(
            (name, requirement) ->
                requirement(requirement, providers, all, scope.field("requirement_map", name), 0)
                    .ifPresent(made -> byName.put(name, made)));
    List<JwtConfig.Rule> rules = new ArrayList<>(proto.getRulesCount());
    for (int i = 0; i < proto.getRulesCount(); i++) {
      RequirementRule rule = proto.getRules(i);
      ParseScope at = scope.field("rules", i);
      RULE.check(rule, at);
      Optional<Requirement> required =
          switch (rule.getRequirementTypeCase()) {
            case REQUIRES ->
                requirement(rule.getRequires(), providers, all, at.field("requires"), 0);
            case REQUIREMENT_NAME -> {
              if (!proto.containsRequirementMap(rule.getRequirementName())) {
                at.field("requirement_name")
                    .error(rule.getRequirementName(), "a name of requirement_map");
              }
              yield Optional.ofNullable(byName.get(rule.getRequirementName()));
            }
            case REQUIREMENTTYPE_NOT_SET -> Optional.empty();
          };
      RouteMatcherParser.parse(rule.getMatch(), at.field("match"))
          .ifPresent(match -> rules.add(new JwtConfig.Rule(match, required)));
    }
    return new JwtConfig(
        rules,
        byName,
        new JwtConfig.Options(
            proto.getBypassCorsPreflight(),
            proto.getStripFailureResponse(),
            proto.getStatPrefix().isEmpty() ? "" : proto.getStatPrefix() + "."));
  }

  private Optional<Requirement> requirement(
      JwtRequirement proto,
      Map<String, TokenProvider> providers,
      List<TokenProvider> around,
      ParseScope scope,
      int depth) {
    REQUIREMENT.check(proto, scope);
    if (depth > DEPTH_MAX) {
      scope.error("nested deeper than " + DEPTH_MAX, "at most " + DEPTH_MAX + " levels");
      return Optional.empty();
    }
    return switch (proto.getRequiresTypeCase()) {
      case PROVIDER_NAME ->
          named(proto.getProviderName(), providers, scope.field("provider_name"))
              .map(provider -> new Requirement.Of(provider, List.of()));
      case PROVIDER_AND_AUDIENCES -> {
        ParseScope at = scope.field("provider_and_audiences");
        WITH_AUDIENCES.check(proto.getProviderAndAudiences(), at);
        yield named(
                proto.getProviderAndAudiences().getProviderName(),
                providers,
                at.field("provider_name"))
            .map(
                provider ->
                    new Requirement.Of(
                        provider, proto.getProviderAndAudiences().getAudiencesList()));
      }
      case REQUIRES_ANY ->
          Optional.of(
              new Requirement.Any(
                  parts(
                      proto.getRequiresAny().getRequirementsList(),
                      providers,
                      scope.field("requires_any"),
                      depth)));
      case REQUIRES_ALL ->
          Optional.of(
              new Requirement.All(
                  parts(
                      proto.getRequiresAll().getRequirementsList(),
                      providers,
                      scope.field("requires_all"),
                      depth)));
      case ALLOW_MISSING_OR_FAILED -> Optional.of(new Requirement.Allow(around, true));
      case ALLOW_MISSING -> Optional.of(new Requirement.Allow(around, false));
      case REQUIRESTYPE_NOT_SET -> Optional.empty();
    };
  }

  private static Optional<TokenProvider> named(
      String name, Map<String, TokenProvider> providers, ParseScope scope) {
    if (!providers.containsKey(name)) {
      scope.error(name, "the name of a provider");
    }
    return Optional.ofNullable(providers.get(name));
  }

  /** What allows a token to be missing means the providers beside it. */
  private List<Requirement> parts(
      List<JwtRequirement> protos,
      Map<String, TokenProvider> providers,
      ParseScope scope,
      int depth) {
    if (protos.size() < 2) {
      scope.field("requirements").error("fewer than 2", "2 or more");
    }
    List<TokenProvider> beside = new ArrayList<>();
    for (JwtRequirement proto : protos) {
      String name =
          proto.hasProviderAndAudiences()
              ? proto.getProviderAndAudiences().getProviderName()
              : proto.getProviderName();
      TokenProvider provider = providers.get(name);
      if (provider != null) {
        beside.add(provider);
      }
    }
    List<Requirement> parts = new ArrayList<>(protos.size());
    for (int i = 0; i < protos.size(); i++) {
      requirement(protos.get(i), providers, beside, scope.field("requirements", i), depth + 1)
          .ifPresent(parts::add);
    }
    return parts;
  }

  private Optional<TokenProvider> provider(String name, JwtProvider proto, ParseScope scope) {
    PROVIDER.check(proto, scope);
    if (proto.hasNormalizePayloadInMetadata()) {
      NORMALIZE.check(
          proto.getNormalizePayloadInMetadata(), scope.field("normalize_payload_in_metadata"));
    }
    JwtConfig.Demands demands =
        new JwtConfig.Demands(
            proto.getIssuer(),
            proto.getAudiencesList(),
            proto.hasSubjects()
                ? StringMatcherParser.parse(proto.getSubjects(), scope.field("subjects"))
                : Optional.empty(),
            proto.getRequireExpiration(),
            scope.field("max_lifetime").durationNanos(proto.getMaxLifetime()) / 1_000_000_000L,
            proto.getClockSkewSeconds() == 0
                ? SKEW_SECONDS
                : Integer.toUnsignedLong(proto.getClockSkewSeconds()));
    List<JwtConfig.ClaimHeader> claims = new ArrayList<>();
    for (int i = 0; i < proto.getClaimToHeadersCount(); i++) {
      JwtClaimToHeader claim = proto.getClaimToHeaders(i);
      ParseScope at = scope.field("claim_to_headers", i);
      CLAIM.check(claim, at);
      if (claim.getClaimName().isEmpty()) {
        at.field("claim_name").error("\"\"", "at least one character");
      }
      header(claim.getHeaderName(), at.field("header_name"))
          .ifPresent(header -> claims.add(new JwtConfig.ClaimHeader(header, claim.getClaimName())));
    }
    JwtConfig.Effects effects =
        new JwtConfig.Effects(
            proto.getForward(),
            proto.getForwardPayloadHeader().isEmpty()
                ? Optional.empty()
                : header(proto.getForwardPayloadHeader(), scope.field("forward_payload_header")),
            proto.getPadForwardPayloadHeader(),
            claims,
            new JwtConfig.InMetadata(
                proto.getPayloadInMetadata(),
                proto.getHeaderInMetadata(),
                proto.getFailedStatusInMetadata(),
                proto.getNormalizePayloadInMetadata().getSpaceDelimitedClaimsList()),
            proto.getClearRouteCache());
    JwtConfig.Places places = places(proto, scope);
    return keys(proto, scope).map(keys -> new TokenProvider(name, demands, places, keys, effects));
  }

  private static Optional<HeaderName> header(String name, ParseScope scope) {
    if (!HeaderName.isValid(name) || name.startsWith(":")) {
      scope.error("\"" + name + "\"", "a header name");
      return Optional.empty();
    }
    return Optional.of(HeaderName.of(name));
  }

  private static JwtConfig.Places places(JwtProvider proto, ParseScope scope) {
    List<JwtConfig.HeaderPlace> headers = new ArrayList<>();
    for (int i = 0; i < proto.getFromHeadersCount(); i++) {
      JwtHeader place = proto.getFromHeaders(i);
      ParseScope at = scope.field("from_headers", i);
      HEADER.check(place, at);
      header(place.getName(), at.field("name"))
          .ifPresent(name -> headers.add(new JwtConfig.HeaderPlace(name, place.getValuePrefix())));
    }
    if (proto.getFromHeadersCount() == 0
        && proto.getFromParamsCount() == 0
        && proto.getFromCookiesCount() == 0) {
      return new JwtConfig.Places(
          List.of(new JwtConfig.HeaderPlace(AUTHORIZATION, "Bearer ")),
          List.of("access_token"),
          List.of());
    }
    return new JwtConfig.Places(headers, proto.getFromParamsList(), proto.getFromCookiesList());
  }

  private Optional<KeySource> keys(JwtProvider proto, ParseScope scope) {
    return switch (proto.getJwksSourceSpecifierCase()) {
      case LOCAL_JWKS -> {
        ParseScope at = scope.field("local_jwks");
        LOCAL.check(proto.getLocalJwks(), at);
        String json =
            proto.getLocalJwks().hasInlineBytes()
                ? proto.getLocalJwks().getInlineBytes().toStringUtf8()
                : proto.getLocalJwks().getInlineString();
        Optional<KeySet> keys = KeySet.parse(json);
        if (keys.isEmpty()) {
          at.error("<inline>", "a JSON Web Key Set with a key of a known kind");
        }
        yield keys.map(KeySource.Local::new);
      }
      case REMOTE_JWKS -> {
        ParseScope at = scope.field("remote_jwks");
        RemoteJwks remote = proto.getRemoteJwks();
        REMOTE.check(remote, at);
        if (remote.hasAsyncFetch()) {
          ASYNC.check(remote.getAsyncFetch(), at.field("async_fetch"));
        }
        long kept =
            remote.hasCacheDuration()
                ? at.field("cache_duration").durationNanos(remote.getCacheDuration())
                : KEPT_NANOS;
        if (kept < 1_000_000) {
          at.field("cache_duration").error(kept + "ns", "at least 1ms");
        }
        UpstreamClient.Retries retries =
            remote.hasRetryPolicy()
                ? ServiceParser.retries(remote.getRetryPolicy(), at.field("retry_policy"))
                : UpstreamClient.Retries.NONE;
        yield ServiceParser.http(remote.getHttpUri(), at.field("http_uri"))
            .map(target -> new KeySource.Remote(client, target, retries, kept));
      }
      case JWKSSOURCESPECIFIER_NOT_SET -> {
        scope.error("no keys", "remote_jwks or local_jwks");
        yield Optional.empty();
      }
    };
  }
}
