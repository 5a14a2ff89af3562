package io.meltemi.proxy.http.filter.oauth2;

import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.transport.GenericSecret;
import io.meltemi.proxy.upstream.ServiceParser;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.List;
import java.util.Map;

/**
 * How users of a chain or route sign in.
 *
 * @param statPrefix empty or with its final dot
 */
record OAuth2Settings(
    String statPrefix,
    boolean ofRoute,
    Server server,
    Client client,
    Paths paths,
    Requests requests,
    Tokens tokens,
    Cookies cookies)
    implements RouteFilterConfig {
  /** Where things are counted: a route's are of no connection manager. */
  StatScope scope(StatScope ofManager, Stats stats) {
    return stats.scope((ofRoute ? "" : ofManager.prefix()) + statPrefix);
  }

  /**
   * The authorization server.
   *
   * @param authorizationUrl without its query
   * @param authorizationQuery in the order of its names
   * @param resources the end of an authorization URL, encoded
   */
  record Server(
      ServiceParser.HttpTarget token,
      UpstreamClient.Retries retries,
      String authorizationUrl,
      Map<String, String> authorizationQuery,
      String resources) {
    Server {
      authorizationQuery = Map.copyOf(authorizationQuery);
    }
  }

  /** How a client tells the server who it is. */
  enum Proof {
    BODY,
    BASIC
  }

  /** Who asks for tokens. */
  record Client(String id, GenericSecret secret, GenericSecret hmac, Proof proof) {}

  /** Paths that mean something, compared without their query. */
  record Paths(Formatter redirectUri, StringMatcher callback, StringMatcher signOut) {}

  /** Requests that are dealt with otherwise. */
  record Requests(List<HeaderMatcher> passed, List<HeaderMatcher> notRedirected) {
    Requests {
      passed = List.copyOf(passed);
      notRedirected = List.copyOf(notRedirected);
    }
  }

  /**
   * What becomes of tokens.
   *
   * @param forward whether the access token goes on in {@code authorization}
   * @param keepAuthorization whether the client's own such header goes on
   * @param refresh whether an access token that has expired is replaced
   * @param expiresSeconds where the server says nothing; 0 for an error
   * @param refreshExpiresSeconds where the token says nothing
   * @param withheld which tokens get no cookie
   */
  record Tokens(
      boolean forward,
      boolean keepAuthorization,
      boolean refresh,
      long expiresSeconds,
      long refreshExpiresSeconds,
      Withheld withheld) {}

  /** Tokens that get no cookie. */
  record Withheld(boolean access, boolean id, boolean refresh) {}

  /**
   * @param domain empty for none
   */
  record Cookies(
      String domain,
      Cookie bearer,
      Cookie hmac,
      Cookie expires,
      Cookie id,
      Cookie refresh,
      Cookie nonce,
      Cookie verifier) {}

  /**
   * @param sameSite the end of the cookie, from its semicolon; empty for nothing
   */
  record Cookie(String name, String sameSite) {
    /** The end of a cookie that lives so long. */
    String tail(String domain, long seconds) {
      return (domain.isEmpty() ? "" : ";domain=" + domain)
          + ";path=/;Max-Age="
          + seconds
          + ";secure;HttpOnly"
          + sameSite;
    }

    /** Says that a cookie is no more. */
    static String deleted(String name, String domain) {
      boolean secure = name.startsWith("__Secure-") || name.startsWith("__Host-");
      return name
          + "=deleted; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT"
          + (domain.isEmpty() ? "" : ";domain=" + domain)
          + (secure ? "; Secure" : "");
    }
  }
}
