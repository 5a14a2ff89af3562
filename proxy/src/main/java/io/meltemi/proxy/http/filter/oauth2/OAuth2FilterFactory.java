package io.meltemi.proxy.http.filter.oauth2;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.envoyproxy.envoy.extensions.filters.http.oauth2.v3.CookieConfig;
import io.envoyproxy.envoy.extensions.filters.http.oauth2.v3.CookieConfigs;
import io.envoyproxy.envoy.extensions.filters.http.oauth2.v3.OAuth2;
import io.envoyproxy.envoy.extensions.filters.http.oauth2.v3.OAuth2Credentials;
import io.envoyproxy.envoy.type.matcher.v3.PathMatcher;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Cookie;
import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Cookies;
import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Proof;
import io.meltemi.proxy.matcher.HeaderMatcherParser;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.matcher.StringMatcherParser;
import io.meltemi.proxy.parse.NewerMessages;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.transport.GenericSecret;
import io.meltemi.proxy.transport.GenericSecrets;
import io.meltemi.proxy.upstream.ServiceParser;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Parses how users sign in. Fields that are newer than the published classes, such as {@code
 * end_session_endpoint} and {@code allow_failed_matcher}, are refused by their number.
 */
public final class OAuth2FilterFactory implements HttpFilterFactory {
  private static final String PREFIX = "type.googleapis.com/";
  private static final SupportedFields FILTER = SupportedFields.of(OAuth2.class, "config");
  private static final SupportedFields CONFIG =
      SupportedFields.of(
          io.envoyproxy.envoy.extensions.filters.http.oauth2.v3.OAuth2Config.class,
          "token_endpoint",
          "retry_policy",
          "authorization_endpoint",
          "credentials",
          "redirect_uri",
          "redirect_path_matcher",
          "signout_path",
          "forward_bearer_token",
          "preserve_authorization_header",
          "pass_through_matcher",
          "auth_scopes",
          "resources",
          "auth_type",
          "use_refresh_token",
          "default_expires_in",
          "deny_redirect_matcher",
          "default_refresh_token_expires_in",
          "disable_id_token_set_cookie",
          "disable_access_token_set_cookie",
          "disable_refresh_token_set_cookie",
          "cookie_configs",
          "stat_prefix");
  private static final SupportedFields CREDENTIALS =
      SupportedFields.of(
          OAuth2Credentials.class,
          "client_id",
          "token_secret",
          "hmac_secret",
          "cookie_names",
          "cookie_domain");
  private static final SupportedFields NAMES =
      SupportedFields.of(
          OAuth2Credentials.CookieNames.class,
          "bearer_token",
          "oauth_hmac",
          "oauth_expires",
          "id_token",
          "refresh_token",
          "oauth_nonce",
          "code_verifier");
  private static final SupportedFields COOKIES =
      SupportedFields.of(
          CookieConfigs.class,
          "bearer_token_cookie_config",
          "oauth_hmac_cookie_config",
          "oauth_expires_cookie_config",
          "id_token_cookie_config",
          "refresh_token_cookie_config",
          "oauth_nonce_cookie_config",
          "code_verifier_cookie_config");
  private static final SupportedFields COOKIE = SupportedFields.of(CookieConfig.class, "same_site");
  private static final SupportedFields PATH = SupportedFields.of(PathMatcher.class, "path");

  private static final long REFRESH_SECONDS = 604_800;

  private final UpstreamClient client;
  private final GenericSecrets secrets;
  private final Stats stats;
  private final Ticker ticker;

  public OAuth2FilterFactory(
      UpstreamClient client, GenericSecrets secrets, Stats stats, Ticker ticker) {
    this.client = client;
    this.secrets = secrets;
    this.stats = stats;
    this.ticker = ticker;
  }

  @Override
  public String name() {
    return "envoy.filters.http.oauth2";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(PREFIX + "envoy.extensions.filters.http.oauth2.v3.OAuth2");
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(PREFIX + NewerMessages.OAUTH2_PER_ROUTE);
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope.unpack(config, OAuth2.class, FILTER).flatMap(proto -> filter(proto, scope));
  }

  private Optional<HttpFilterConfig> filter(OAuth2 proto, ParseScope scope) {
    if (!proto.hasConfig()) {
      return Optional.of(new OAuth2Config(client, stats, Optional.empty()));
    }
    return settings(proto.getConfig(), false, scope.field("config"))
        .map(settings -> new OAuth2Config(client, stats, Optional.of(settings)));
  }

  /** The message of routes is on the wire as that of the chain. */
  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    OAuth2 proto;
    try {
      proto = OAuth2.parseFrom(config.getValue());
    } catch (InvalidProtocolBufferException e) {
      scope.error(config.getTypeUrl(), "a well-formed OAuth2PerRoute: " + e.getMessage());
      return Optional.empty();
    }
    FILTER.check(proto, scope);
    if (!proto.hasConfig()) {
      scope.field("config").error("nothing", "a configuration");
      return Optional.empty();
    }
    return settings(proto.getConfig(), true, scope.field("config")).map(settings -> settings);
  }

  private Optional<OAuth2Settings> settings(
      io.envoyproxy.envoy.extensions.filters.http.oauth2.v3.OAuth2Config proto,
      boolean ofRoute,
      ParseScope scope) {
    CONFIG.check(proto, scope);
    if (proto.getForwardBearerToken() && proto.getPreserveAuthorizationHeader()) {
      scope
          .field("preserve_authorization_header")
          .error("true", "forward_bearer_token or preserve_authorization_header");
    }
    Optional<OAuth2Settings.Server> server = server(proto, scope);
    Optional<OAuth2Settings.Client> asking =
        client(proto.getCredentials(), proof(proto, scope), scope.field("credentials"));
    Optional<OAuth2Settings.Paths> paths = paths(proto, scope);
    OAuth2Settings.Requests requests =
        new OAuth2Settings.Requests(
            HeaderMatcherParser.parseAll(
                proto.getPassThroughMatcherList(), scope, "pass_through_matcher"),
            HeaderMatcherParser.parseAll(
                proto.getDenyRedirectMatcherList(), scope, "deny_redirect_matcher"));
    OAuth2Settings.Tokens tokens =
        new OAuth2Settings.Tokens(
            proto.getForwardBearerToken(),
            proto.getPreserveAuthorizationHeader(),
            !proto.hasUseRefreshToken() || proto.getUseRefreshToken().getValue(),
            scope.field("default_expires_in").durationNanos(proto.getDefaultExpiresIn())
                / 1_000_000_000L,
            proto.hasDefaultRefreshTokenExpiresIn()
                ? scope
                        .field("default_refresh_token_expires_in")
                        .durationNanos(proto.getDefaultRefreshTokenExpiresIn())
                    / 1_000_000_000L
                : REFRESH_SECONDS,
            new OAuth2Settings.Withheld(
                proto.getDisableAccessTokenSetCookie(),
                proto.getDisableIdTokenSetCookie(),
                proto.getDisableRefreshTokenSetCookie()));
    Cookies cookies = cookies(proto, scope);
    if (scope.out().hasErrors() || server.isEmpty() || asking.isEmpty() || paths.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new OAuth2Settings(
            proto.getStatPrefix().isEmpty() ? "" : proto.getStatPrefix() + ".",
            ofRoute,
            server.get(),
            asking.get(),
            paths.get(),
            requests,
            tokens,
            cookies));
  }

  private static Optional<OAuth2Settings.Server> server(
      io.envoyproxy.envoy.extensions.filters.http.oauth2.v3.OAuth2Config proto, ParseScope scope) {
    String endpoint = proto.getAuthorizationEndpoint();
    ParseScope at = scope.field("authorization_endpoint");
    if (!endpoint.startsWith("https://") && !endpoint.startsWith("http://")) {
      at.error("\"" + endpoint + "\"", "an absolute URL");
      return Optional.empty();
    }
    int mark = endpoint.indexOf('?');
    String url = mark < 0 ? endpoint : endpoint.substring(0, mark);
    if (url.indexOf('/', url.indexOf("://") + 3) < 0) {
      url += "/";
    }
    Map<String, String> query = new TreeMap<>(Callback.query(endpoint));
    List<String> scopes = proto.getAuthScopesList();
    query.put("client_id", proto.getCredentials().getClientId());
    query.put("response_type", "code");
    query.put("scope", Percent.ofQuery(scopes.isEmpty() ? "user" : String.join(" ", scopes)));
    StringBuilder resources = new StringBuilder();
    for (String resource : proto.getResourcesList()) {
      resources.append("&resource=").append(Percent.ofQuery(resource));
    }
    UpstreamClient.Retries retries =
        proto.hasRetryPolicy()
            ? ServiceParser.retries(proto.getRetryPolicy(), scope.field("retry_policy"))
            : UpstreamClient.Retries.NONE;
    String fixed = url;
    return ServiceParser.http(proto.getTokenEndpoint(), scope.field("token_endpoint"))
        .map(
            target ->
                new OAuth2Settings.Server(target, retries, fixed, query, resources.toString()));
  }

  private static Proof proof(
      io.envoyproxy.envoy.extensions.filters.http.oauth2.v3.OAuth2Config proto, ParseScope scope) {
    return switch (proto.getAuthType()) {
      case URL_ENCODED_BODY -> Proof.BODY;
      case BASIC_AUTH -> Proof.BASIC;
      case UNRECOGNIZED -> {
        scope.field("auth_type").unsupported(String.valueOf(proto.getAuthTypeValue()));
        yield Proof.BODY;
      }
    };
  }

  private Optional<OAuth2Settings.Client> client(
      OAuth2Credentials proto, Proof proof, ParseScope scope) {
    CREDENTIALS.check(proto, scope);
    if (proto.getClientId().isEmpty()) {
      scope.field("client_id").error("\"\"", "at least one character");
    }
    Optional<GenericSecret> secret =
        secrets.use(proto.getTokenSecret(), scope.field("token_secret"));
    Optional<GenericSecret> hmac = secrets.use(proto.getHmacSecret(), scope.field("hmac_secret"));
    return secret.isEmpty() || hmac.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new OAuth2Settings.Client(proto.getClientId(), secret.get(), hmac.get(), proof));
  }

  private Optional<OAuth2Settings.Paths> paths(
      io.envoyproxy.envoy.extensions.filters.http.oauth2.v3.OAuth2Config proto, ParseScope scope) {
    ParseScope at = scope.field("redirect_uri");
    if (proto.getRedirectUri().isEmpty()) {
      at.error("\"\"", "at least one character");
    }
    var format = Formatter.parse(proto.getRedirectUri(), "-", ticker, at.origin(), at.path());
    boolean good = scope.out().absorb(format);
    Optional<StringMatcher> callback =
        path(proto.getRedirectPathMatcher(), scope.field("redirect_path_matcher"));
    Optional<StringMatcher> signOut = path(proto.getSignoutPath(), scope.field("signout_path"));
    return good && callback.isPresent() && signOut.isPresent()
        ? Optional.of(new OAuth2Settings.Paths(format.orElseThrow(), callback.get(), signOut.get()))
        : Optional.empty();
  }

  private static Optional<StringMatcher> path(PathMatcher proto, ParseScope scope) {
    PATH.check(proto, scope);
    return StringMatcherParser.parse(proto.getPath(), scope.field("path"));
  }

  private static Cookies cookies(
      io.envoyproxy.envoy.extensions.filters.http.oauth2.v3.OAuth2Config proto, ParseScope scope) {
    OAuth2Credentials.CookieNames names = proto.getCredentials().getCookieNames();
    NAMES.check(names, scope.field("credentials").field("cookie_names"));
    CookieConfigs configs = proto.getCookieConfigs();
    ParseScope at = scope.field("cookie_configs");
    COOKIES.check(configs, at);
    return new Cookies(
        proto.getCredentials().getCookieDomain(),
        cookie(names.getBearerToken(), "BearerToken", configs.getBearerTokenCookieConfig(), at),
        cookie(names.getOauthHmac(), "OauthHMAC", configs.getOauthHmacCookieConfig(), at),
        cookie(names.getOauthExpires(), "OauthExpires", configs.getOauthExpiresCookieConfig(), at),
        cookie(names.getIdToken(), "IdToken", configs.getIdTokenCookieConfig(), at),
        cookie(names.getRefreshToken(), "RefreshToken", configs.getRefreshTokenCookieConfig(), at),
        cookie(names.getOauthNonce(), "OauthNonce", configs.getOauthNonceCookieConfig(), at),
        cookie(names.getCodeVerifier(), "CodeVerifier", configs.getCodeVerifierCookieConfig(), at));
  }

  private static Cookie cookie(
      String name, String otherwise, CookieConfig config, ParseScope scope) {
    COOKIE.check(config, scope);
    String sameSite =
        switch (config.getSameSite()) {
          case DISABLED -> "";
          case STRICT -> ";SameSite=Strict";
          case LAX -> ";SameSite=Lax";
          case NONE -> ";SameSite=None";
          case UNRECOGNIZED -> {
            scope.error("same_site " + config.getSameSiteValue(), "a known value");
            yield "";
          }
        };
    return new Cookie(name.isEmpty() ? otherwise : name, sameSite);
  }
}
