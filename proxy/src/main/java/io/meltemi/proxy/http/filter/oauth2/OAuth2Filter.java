package io.meltemi.proxy.http.filter.oauth2;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Cookie;
import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Cookies;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.JsonText;
import io.meltemi.proxy.upstream.UpstreamCall;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Lets users pass that are signed in, and has the others sign in. */
final class OAuth2Filter implements HttpFilter {
  private static final HeaderName STATUS = HeaderName.of("x-envoy-oauth-status");
  private static final HeaderName REASON = HeaderName.of("x-envoy-oauth-failure-reason");
  private static final HeaderName AUTHORIZATION = HeaderName.of("authorization");
  private static final HeaderName SET_COOKIE = HeaderName.of("set-cookie");
  private static final String FLOW_FAILED = "OAuth flow failed.";
  private static final int FLOW_SECONDS = 600;
  private static final byte[] NO_BODY = {};

  private final OAuth2Config config;
  private final HttpFilterContext context;
  private @Nullable OAuth2Settings settings;
  private @Nullable UpstreamCall call;
  private Seal seal = new Seal(NO_BODY);
  private String flow = "";
  private List<String> told = List.of();
  private boolean asking;
  private boolean answered;
  private boolean passes;

  OAuth2Filter(OAuth2Config config, HttpFilterContext context) {
    this.config = config;
    this.context = context;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    OAuth2Settings found =
        context.routeConfig() instanceof OAuth2Settings ofRoute
            ? ofRoute
            : config.settings().orElse(null);
    if (found == null) {
      return FilterStatus.CONTINUE;
    }
    settings = found;
    headers.remove(STATUS);
    headers.remove(REASON);
    if (matchesAny(found.requests().passed(), headers)) {
      count("oauth_passthrough");
      return FilterStatus.CONTINUE;
    }
    ByteString hmac = found.client().hmac().get();
    ByteString secret = found.client().secret().get();
    if (hmac == null || secret == null) {
      count("oauth_failure");
      reply(503, "Service Unavailable", "OAuth2 secrets are not ready", _ -> {});
      return FilterStatus.PAUSE;
    }
    seal = new Seal(hmac.toByteArray());
    CookieJar cookies = CookieJar.of(headers);
    decrypt(cookies, found.cookies(), headers);
    if (!found.tokens().keepAuthorization()) {
      headers.remove(AUTHORIZATION);
    }
    return decide(found, secret, cookies, headers);
  }

  private FilterStatus decide(
      OAuth2Settings found, ByteString secret, CookieJar cookies, HeaderBlock headers) {
    String path = text(headers, HeaderName.PATH);
    boolean callback = found.paths().callback().matches(withoutQuery(path));
    if (found.paths().signOut().matches(withoutQuery(path))) {
      signOut(found, cookies, headers);
      return FilterStatus.PAUSE;
    }
    if (isSignedIn(found, cookies, headers)) {
      if (callback) {
        repeated(found, Callback.of(path, cookies, found.cookies(), seal));
        return FilterStatus.PAUSE;
      }
      withoutFlow(found.cookies(), cookies, headers);
      return FilterStatus.CONTINUE;
    }
    if (callback) {
      return exchange(found, secret, cookies, path);
    }
    String refresh = cookies.get(found.cookies().refresh().name());
    if (found.tokens().refresh() && !refresh.isEmpty()) {
      return ask(
          found,
          secret,
          TokenRequest.refreshing(found, secret, refresh),
          answer -> onRefreshed(found, answer));
    }
    redirect(
        found, headers, "Unauthorized, and redirecting to OAuth server is not allowed: " + path);
    return FilterStatus.PAUSE;
  }

  private static boolean matchesAny(List<HeaderMatcher> matchers, HeaderBlock headers) {
    for (int i = 0; i < matchers.size(); i++) {
      if (matchers.get(i).matches(headers, MatchTrace.NONE)) {
        return true;
      }
    }
    return false;
  }

  private static String text(HeaderBlock headers, HeaderName name) {
    String value = headers.get(name);
    return value == null ? "" : value;
  }

  private static String withoutQuery(String path) {
    for (int i = 0; i < path.length(); i++) {
      if (path.charAt(i) == '?' || path.charAt(i) == '#') {
        return path.substring(0, i);
      }
    }
    return path;
  }

  /** Later filters, and the host, see the tokens as they are. */
  private void decrypt(CookieJar cookies, Cookies names, HeaderBlock headers) {
    boolean changed = false;
    for (Cookie cookie : List.of(names.bearer(), names.id(), names.refresh())) {
      String sealed = cookies.get(cookie.name());
      if (!sealed.isEmpty()) {
        changed = true;
        String plain = seal.decrypt(sealed);
        cookies.put(cookie.name(), plain == null ? sealed : plain);
      }
    }
    if (changed) {
      cookies.write(headers);
    }
  }

  private String domain(OAuth2Settings found) {
    String domain = found.cookies().domain();
    return domain.isEmpty() ? text(context.requestHeaders(), HeaderName.AUTHORITY) : domain;
  }

  private static String signed(
      String domain, String expires, String access, String id, String refresh) {
    return String.join("\n", domain, expires, access, id, refresh);
  }

  private boolean isSignedIn(OAuth2Settings found, CookieJar cookies, HeaderBlock headers) {
    Cookies names = found.cookies();
    String access = cookies.get(names.bearer().name());
    String expires = cookies.get(names.expires().name());
    String message =
        signed(
            domain(found),
            expires,
            access,
            cookies.get(names.id().name()),
            cookies.get(names.refresh().name()));
    if (!isInFuture(expires) || !seal.isTag(cookies.get(names.hmac().name()), message)) {
      return false;
    }
    count("oauth_success");
    if (found.tokens().forward() && !access.isEmpty()) {
      headers.set(AUTHORIZATION, "Bearer " + access);
    }
    return true;
  }

  private long nowSeconds() {
    return context.loop().ticker().now().getEpochSecond();
  }

  private boolean isInFuture(String expires) {
    try {
      return Long.parseLong(expires) > nowSeconds();
    } catch (NumberFormatException e) {
      return false;
    }
  }

  /** Hosts see no cookies of the filter's own but the tokens of the user. */
  private static void withoutFlow(Cookies names, CookieJar cookies, HeaderBlock headers) {
    if (cookies.isEmpty()) {
      return;
    }
    cookies.remove(names.hmac().name());
    cookies.remove(names.expires().name());
    cookies.remove(names.refresh().name());
    cookies.removeFlows(names.nonce().name());
    cookies.removeFlows(names.verifier().name());
    cookies.write(headers);
  }

  // ---- answers

  private void count(String name) {
    OAuth2Settings found = settings;
    if (found != null) {
      found.scope(context.stats(), config.stats()).counter(name).inc();
    }
  }

  private void reply(int status, String body, String details, Consumer<HeaderBlock> headers) {
    answered = true;
    context.sendLocalReply(
        new LocalReply(
            status,
            body.getBytes(StandardCharsets.US_ASCII),
            null,
            details.replace(' ', '_'),
            headers));
  }

  private void unauthorized(OAuth2Settings found, String details) {
    count("oauth_failure");
    String ofFlow = flow;
    reply(
        401,
        FLOW_FAILED,
        details,
        response -> {
          if (!ofFlow.isEmpty()) {
            deleteFlow(found.cookies(), ofFlow, response);
          }
        });
  }

  private static void deleteFlow(Cookies names, String flow, HeaderBlock response) {
    for (Cookie cookie : List.of(names.nonce(), names.verifier())) {
      if (!flow.isEmpty()) {
        response.add(SET_COOKIE, Cookie.deleted(cookie.name() + "." + flow, names.domain()));
      }
      response.add(SET_COOKIE, Cookie.deleted(cookie.name(), names.domain()));
    }
  }

  private void signOut(OAuth2Settings found, CookieJar cookies, HeaderBlock headers) {
    Cookies names = found.cookies();
    List<String> deleted = new ArrayList<>();
    for (Cookie cookie :
        List.of(names.hmac(), names.bearer(), names.id(), names.refresh(), names.expires())) {
      deleted.add(cookie.name());
    }
    cookies.flows(names.nonce().name()).forEach(deleted::add);
    cookies.flows(names.verifier().name()).forEach(deleted::add);
    String location = origin(headers) + "/";
    reply(
        302,
        "",
        "oauth.sign_out",
        response -> {
          deleted.forEach(name -> response.add(SET_COOKIE, Cookie.deleted(name, names.domain())));
          response.set(HeaderName.LOCATION, location);
        });
  }

  private static String origin(HeaderBlock headers) {
    String scheme = text(headers, HeaderName.SCHEME).equals("http") ? "http" : "https";
    return scheme + "://" + text(headers, HeaderName.AUTHORITY);
  }

  /** Who is signed in already comes back once more: of several requests that were sent away. */
  private void repeated(OAuth2Settings found, Callback callback) {
    flow = callback.flow();
    if (!callback.error().isEmpty()) {
      unauthorized(found, callback.error());
      return;
    }
    String path = Callback.pathOf(callback.url());
    if (found.paths().callback().matches(withoutQuery(path))) {
      unauthorized(found, "State url query params matches the redirect path matcher: " + path);
      return;
    }
    reply(
        302,
        "",
        "oauth.race_redirect",
        response -> {
          response.set(HeaderName.LOCATION, callback.url());
          deleteFlow(found.cookies(), callback.flow(), response);
        });
  }

  /**
   * Sends the user to the authorization server.
   *
   * @param refusal details where that is not wanted
   */
  private void redirect(OAuth2Settings found, HeaderBlock headers, String refusal) {
    if (matchesAny(found.requests().notRedirected(), headers)) {
      unauthorized(found, refusal);
      return;
    }
    Cookies names = found.cookies();
    Seal.Nonce nonce = seal.newNonce();
    String verifier = Seal.newVerifier();
    StringBuilder url = new StringBuilder();
    JsonText.quote(origin(headers) + text(headers, HeaderName.PATH), url);
    String state =
        "{\"url\":%s,\"csrf_token\":\"%s\",\"flow_id\":\"%s\"}"
            .formatted(url, nonce.token(), nonce.flow());
    Map<String, String> query = new TreeMap<>(found.server().authorizationQuery());
    query.put("state", Seal.encoded(state));
    query.put("redirect_uri", Percent.ofQuery(redirectUri(found)));
    query.put("code_challenge", Seal.challenge(verifier));
    query.put("code_challenge_method", "S256");
    String location =
        found.server().authorizationUrl() + Callback.text(query) + found.server().resources();
    String nonceEnd = "=" + nonce.token() + names.nonce().tail(names.domain(), FLOW_SECONDS);
    String verifierEnd =
        "=" + seal.encrypt(verifier) + names.verifier().tail(names.domain(), FLOW_SECONDS);
    count("oauth_unauthorized_rq");
    reply(
        302,
        "",
        "oauth.missing_credentials",
        response -> {
          response.add(SET_COOKIE, names.nonce().name() + "." + nonce.flow() + nonceEnd);
          response.add(SET_COOKIE, names.nonce().name() + nonceEnd);
          response.add(SET_COOKIE, names.verifier().name() + "." + nonce.flow() + verifierEnd);
          response.add(SET_COOKIE, names.verifier().name() + verifierEnd);
          response.set(HeaderName.LOCATION, location);
        });
  }

  private String redirectUri(OAuth2Settings found) {
    FormatOutput out = new FormatOutput();
    found.paths().redirectUri().format(context.streamInfo(), out);
    return out.toString();
  }

  // ---- tokens

  private FilterStatus exchange(
      OAuth2Settings found, ByteString secret, CookieJar cookies, String path) {
    Callback callback = Callback.of(path, cookies, found.cookies(), seal);
    flow = callback.flow();
    if (!callback.error().isEmpty()) {
      unauthorized(found, callback.error());
      return FilterStatus.PAUSE;
    }
    String sealed = cookies.get(found.cookies().verifier().name(), callback.flow());
    if (sealed.isEmpty()) {
      unauthorized(found, "Code verifier cookie is missing in the request");
      return FilterStatus.PAUSE;
    }
    String verifier = seal.decrypt(sealed);
    if (verifier == null) {
      unauthorized(found, "Failed to decrypt code verifier: " + sealed);
      return FilterStatus.PAUSE;
    }
    return ask(
        found,
        secret,
        TokenRequest.exchanging(found, secret, callback.code(), redirectUri(found), verifier),
        answer -> onExchanged(found, callback, answer));
  }

  /** Hears an answer; null when there is none. */
  private interface Outcome {
    void accept(UpstreamClient.@Nullable Answer answer);
  }

  private FilterStatus ask(OAuth2Settings found, ByteString secret, String body, Outcome outcome) {
    asking = true;
    UpstreamCall begun =
        config
            .client()
            .send(
                context.loop(),
                found.server().token().cluster(),
                TokenRequest.of(found, secret, body),
                new UpstreamClient.Listener() {
                  @Override
                  public void onAnswer(UpstreamClient.Answer answer) {
                    call = null;
                    outcome.accept(answer);
                  }

                  @Override
                  public void onFailure(UpstreamClient.Failure failure) {
                    call = null;
                    outcome.accept(null);
                  }
                });
    asking = false;
    if (!answered) {
      call = begun;
      return FilterStatus.PAUSE;
    }
    return passes ? FilterStatus.CONTINUE : FilterStatus.PAUSE;
  }

  private void onExchanged(
      OAuth2Settings found, Callback callback, UpstreamClient.@Nullable Answer answer) {
    if (answer == null) {
      unauthorized(found, "Failed to get access token due to HTTP request failure");
      return;
    }
    String body = answer.body().toString(StandardCharsets.ISO_8859_1);
    if (answer.status() != 200) {
      unauthorized(
          found,
          "Failed to get access token: response code: "
              + answer.status()
              + ", response body: "
              + body);
      return;
    }
    Granted granted = granted(found, answer);
    if (granted == null) {
      return;
    }
    List<String> cookies =
        granted.cookies(seal, found, domain(found), CookieJar.of(context.requestHeaders()));
    count("oauth_success");
    reply(
        302,
        "",
        "oauth.logged_in",
        response -> {
          cookies.forEach(cookie -> response.add(SET_COOKIE, cookie));
          deleteFlow(found.cookies(), callback.flow(), response);
          response.set(HeaderName.LOCATION, callback.url());
        });
  }

  /** Null when the answer is no good, which the client has been told. */
  private @Nullable Granted granted(OAuth2Settings found, UpstreamClient.Answer answer) {
    String body = answer.body().toStringUtf8();
    TokenAnswer tokens = TokenAnswer.parse(body);
    if (tokens == null) {
      unauthorized(found, "Failed to parse oauth response body: response body: " + body);
      return null;
    }
    if (tokens.access().isEmpty()) {
      unauthorized(
          found, "No access token found in the token exchange response: response body: " + body);
      return null;
    }
    Granted granted = Granted.of(found.tokens(), tokens, nowSeconds());
    if (granted.expiresSeconds() <= 0) {
      unauthorized(
          found,
          "No default or explicit access token expiration found in the token exchange response:"
              + " response body: "
              + body);
      return null;
    }
    return granted;
  }

  private void onRefreshed(OAuth2Settings found, UpstreamClient.@Nullable Answer answer) {
    HeaderBlock headers = context.requestHeaders();
    if (answer == null || answer.status() != 200) {
      count("oauth_refreshtoken_failure");
      redirect(
          found,
          headers,
          "Failed to refresh the access token, and redirecting to OAuth server is not allowed");
      return;
    }
    Granted granted = granted(found, answer);
    if (granted == null) {
      return;
    }
    Cookies names = found.cookies();
    CookieJar cookies = CookieJar.of(headers);
    Granted kept =
        granted.refresh().isEmpty()
            ? granted.withRefresh(cookies.get(names.refresh().name()))
            : granted;
    told = kept.cookies(seal, found, domain(found), cookies);
    if (!kept.access().isEmpty()) {
      cookies.put(names.bearer().name(), kept.access());
    }
    if (!kept.id().isEmpty()) {
      cookies.put(names.id().name(), kept.id());
    }
    withoutFlow(names, cookies, headers);
    if (found.tokens().forward() && !kept.access().isEmpty()) {
      headers.set(AUTHORIZATION, "Bearer " + kept.access());
    }
    count("oauth_refreshtoken_success");
    count("oauth_success");
    answered = true;
    passes = true;
    if (!asking) {
      context.continueDecoding();
    }
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    for (int i = 0; i < told.size(); i++) {
      headers.add(SET_COOKIE, told.get(i));
    }
    return FilterStatus.CONTINUE;
  }

  @Override
  public void onStreamEnd() {
    UpstreamCall open = call;
    if (open != null) {
      open.cancel();
      call = null;
    }
    settings = null;
    flow = "";
    told = List.of();
    answered = false;
    passes = false;
  }
}
