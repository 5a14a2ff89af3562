package io.meltemi.proxy.http.filter.oauth2;

import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Cookie;
import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Cookies;
import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Tokens;
import java.util.ArrayList;
import java.util.List;

/**
 * Tokens that a user has now, but those that get no cookie, which are empty.
 *
 * @param expiresAt of the access token, in seconds since 1970
 * @param lives of the other tokens
 */
record Granted(
    String access, String id, String refresh, long expiresSeconds, long expiresAt, Lives lives) {
  /** For how many seconds tokens are kept. */
  record Lives(long idSeconds, long refreshSeconds) {}

  /** What comes of an answer. */
  sealed interface Told {
    record Good(Granted granted) implements Told {}

    /** The details of a refusal. */
    record Bad(String details) implements Told {}
  }

  /** Reads what an authorization server has answered. */
  static Told parse(Tokens settings, String body, long nowSeconds) {
    TokenAnswer tokens = TokenAnswer.parse(body);
    if (tokens == null) {
      return new Told.Bad("Failed to parse oauth response body: response body: " + body);
    }
    if (tokens.access().isEmpty()) {
      return new Told.Bad(
          "No access token found in the token exchange response: response body: " + body);
    }
    Granted granted = of(settings, tokens, nowSeconds);
    return granted.expiresSeconds() > 0
        ? new Told.Good(granted)
        : new Told.Bad(
            "No default or explicit access token expiration found in the token exchange response:"
                + " response body: "
                + body);
  }

  private static Granted of(Tokens settings, TokenAnswer answer, long nowSeconds) {
    long seconds =
        answer.expiresSeconds() == TokenAnswer.NO_EXPIRY
            ? settings.expiresSeconds()
            : answer.expiresSeconds();
    long refreshSeconds =
        settings.refresh()
            ? left(answer.refresh(), settings.refreshExpiresSeconds(), nowSeconds)
            : seconds;
    boolean refreshes = settings.refresh() && !settings.withheld().refresh();
    return new Granted(
        settings.withheld().access() ? "" : answer.access(),
        settings.withheld().id() ? "" : answer.id(),
        refreshes ? answer.refresh() : "",
        seconds,
        nowSeconds + seconds,
        new Lives(left(answer.id(), seconds, nowSeconds), refreshSeconds));
  }

  private static long left(String token, long otherwise, long nowSeconds) {
    long expiry = TokenAnswer.expiry(token);
    return expiry == 0 ? otherwise : Math.max(0, expiry - nowSeconds);
  }

  Granted withRefresh(String token) {
    return new Granted(access, id, token, expiresSeconds, expiresAt, lives);
  }

  /**
   * What the user's browser is told.
   *
   * @param signedDomain for which the cookies are signed
   * @param known the cookies that it has now
   */
  List<String> cookies(Seal seal, OAuth2Settings settings, String signedDomain, CookieJar known) {
    Cookies names = settings.cookies();
    String domain = names.domain();
    String tag =
        seal.tag(Session.signed(signedDomain, Long.toString(expiresAt), access, id, refresh));
    List<String> cookies = new ArrayList<>();
    cookies.add(names.hmac().name() + "=" + tag + names.hmac().tail(domain, expiresSeconds));
    cookies.add(
        names.expires().name() + "=" + expiresAt + names.expires().tail(domain, expiresSeconds));
    add(cookies, names.bearer(), sealed(seal, access), expiresSeconds, domain, known);
    add(cookies, names.id(), sealed(seal, id), lives.idSeconds(), domain, known);
    add(cookies, names.refresh(), sealed(seal, refresh), lives.refreshSeconds(), domain, known);
    return cookies;
  }

  private static String sealed(Seal seal, String token) {
    return token.isEmpty() ? "" : seal.encrypt(token);
  }

  private static void add(
      List<String> cookies,
      Cookie cookie,
      String value,
      long seconds,
      String domain,
      CookieJar known) {
    if (!value.isEmpty()) {
      cookies.add(cookie.name() + "=" + value + cookie.tail(domain, seconds));
    } else if (known.has(cookie.name())) {
      cookies.add(Cookie.deleted(cookie.name(), domain));
    }
  }
}
