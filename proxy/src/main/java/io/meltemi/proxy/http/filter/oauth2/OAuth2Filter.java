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
import io.meltemi.proxy.upstream.UpstreamCall;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Lets users pass that are signed in, and has the others sign in. */
final class OAuth2Filter implements HttpFilter {
  private static final HeaderName STATUS = HeaderName.of("x-envoy-oauth-status");
  private static final HeaderName REASON = HeaderName.of("x-envoy-oauth-failure-reason");
  private static final HeaderName AUTHORIZATION = HeaderName.of("authorization");
  private static final HeaderName SET_COOKIE = HeaderName.of("set-cookie");
  private static final String FLOW_FAILED = "OAuth flow failed.";
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
    Session session = Session.decrypt(headers, found.cookies(), seal);
    if (!found.tokens().keepAuthorization()) {
      headers.remove(AUTHORIZATION);
    }
    return decide(found, secret, session, headers);
  }

  private FilterStatus decide(
      OAuth2Settings found, ByteString secret, Session session, HeaderBlock headers) {
    String path = text(headers, HeaderName.PATH);
    boolean callback = found.paths().callback().matches(withoutQuery(path));
    if (found.paths().signOut().matches(withoutQuery(path))) {
      signOut(session, headers);
      return FilterStatus.PAUSE;
    }
    if (session.isOpen(domain(found), nowSeconds())) {
      count("oauth_success");
      forward(found, session.access(), headers);
      if (callback) {
        repeated(found, Callback.of(path, session.cookies(), found.cookies(), seal));
        return FilterStatus.PAUSE;
      }
      session.hideFlow(headers);
      return FilterStatus.CONTINUE;
    }
    if (callback) {
      return exchange(found, secret, session.cookies(), path);
    }
    String refresh = session.refresh();
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

  private String domain(OAuth2Settings found) {
    String domain = found.cookies().domain();
    return domain.isEmpty() ? text(context.requestHeaders(), HeaderName.AUTHORITY) : domain;
  }

  private static void forward(OAuth2Settings found, String access, HeaderBlock headers) {
    if (found.tokens().forward() && !access.isEmpty()) {
      headers.set(AUTHORIZATION, "Bearer " + access);
    }
  }

  private long nowSeconds() {
    return context.loop().ticker().now().getEpochSecond();
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

  private void signOut(Session session, HeaderBlock headers) {
    List<String> cookies = session.end();
    String location = origin(headers) + "/";
    reply(
        302,
        "",
        "oauth.sign_out",
        response -> {
          cookies.forEach(cookie -> response.add(SET_COOKIE, cookie));
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
    SignIn signIn =
        SignIn.begin(
            found, seal, origin(headers) + text(headers, HeaderName.PATH), redirectUri(found));
    count("oauth_unauthorized_rq");
    reply(
        302,
        "",
        "oauth.missing_credentials",
        response -> {
          signIn.cookies().forEach(cookie -> response.add(SET_COOKIE, cookie));
          response.set(HeaderName.LOCATION, signIn.location());
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
    return switch (Granted.parse(found.tokens(), answer.body().toStringUtf8(), nowSeconds())) {
      case Granted.Told.Good(Granted granted) -> granted;
      case Granted.Told.Bad(String details) -> {
        unauthorized(found, details);
        yield null;
      }
    };
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
    new Session(cookies, names, seal).hideFlow(headers);
    forward(found, kept.access(), headers);
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
