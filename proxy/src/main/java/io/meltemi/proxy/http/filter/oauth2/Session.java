package io.meltemi.proxy.http.filter.oauth2;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Cookie;
import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Cookies;
import java.util.ArrayList;
import java.util.List;

/** Who a request's cookies say that its user is. */
record Session(CookieJar cookies, Cookies names, Seal seal) {
  /** Reads a request whose later filters, and the host, see the tokens as they are. */
  static Session decrypt(HeaderBlock headers, Cookies names, Seal seal) {
    CookieJar cookies = CookieJar.of(headers);
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
    return new Session(cookies, names, seal);
  }

  /** Empty for none. */
  String access() {
    return cookies.get(names.bearer().name());
  }

  /** Empty for none. */
  String refresh() {
    return cookies.get(names.refresh().name());
  }

  /**
   * Whether the user is signed in.
   *
   * @param domain for which the cookies were signed
   */
  boolean isOpen(String domain, long nowSeconds) {
    String expires = cookies.get(names.expires().name());
    String message = signed(domain, expires, access(), cookies.get(names.id().name()), refresh());
    return isAfter(expires, nowSeconds) && seal.isTag(cookies.get(names.hmac().name()), message);
  }

  private static boolean isAfter(String expires, long nowSeconds) {
    try {
      return Long.parseLong(expires) > nowSeconds;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  /** What the tag of a session is made of. */
  static String signed(String domain, String expires, String access, String id, String refresh) {
    return String.join("\n", domain, expires, access, id, refresh);
  }

  /** Hosts see no cookies of the filter's own but the tokens of the user. */
  void hideFlow(HeaderBlock headers) {
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

  /** What tells the browser that all of it is over. */
  List<String> end() {
    List<String> over = new ArrayList<>();
    for (Cookie cookie :
        List.of(names.hmac(), names.bearer(), names.id(), names.refresh(), names.expires())) {
      over.add(cookie.name());
    }
    cookies.flows(names.nonce().name()).forEach(over::add);
    cookies.flows(names.verifier().name()).forEach(over::add);
    over.replaceAll(name -> Cookie.deleted(name, names.domain()));
    return over;
  }
}
