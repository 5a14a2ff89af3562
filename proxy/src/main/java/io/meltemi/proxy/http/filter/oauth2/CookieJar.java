package io.meltemi.proxy.http.filter.oauth2;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.util.LinkedHashMap;
import java.util.Map;

/** The cookies of one request; of several with one name the first. */
final class CookieJar {
  private static final HeaderName COOKIE = HeaderName.of("cookie");

  private final Map<String, String> cookies = new LinkedHashMap<>();

  static CookieJar of(HeaderBlock headers) {
    CookieJar jar = new CookieJar();
    for (int i = headers.find(COOKIE); i >= 0; i = headers.findNext(COOKIE, i)) {
      for (String pair : headers.value(i).split(";", -1)) {
        int equals = pair.indexOf('=');
        if (equals >= 0) {
          jar.cookies.putIfAbsent(
              pair.substring(0, equals).strip(), unquoted(pair.substring(equals + 1).strip()));
        }
      }
    }
    return jar;
  }

  private static String unquoted(String value) {
    return value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"")
        ? value.substring(1, value.length() - 1)
        : value;
  }

  boolean isEmpty() {
    return cookies.isEmpty();
  }

  boolean has(String name) {
    return cookies.containsKey(name);
  }

  /** Empty when there is none. */
  String get(String name) {
    return cookies.getOrDefault(name, "");
  }

  /** That of one flow, else that of any. */
  String get(String name, String flow) {
    String own = get(name + "." + flow);
    return own.isEmpty() ? get(name) : own;
  }

  void put(String name, String value) {
    cookies.put(name, value);
  }

  void remove(String name) {
    cookies.remove(name);
  }

  /** Those of every flow too. */
  void removeFlows(String name) {
    cookies.keySet().removeIf(each -> isOfFlow(each, name));
  }

  /** The names of those of every flow, the plain name among them. */
  Iterable<String> flows(String name) {
    return cookies.keySet().stream().filter(each -> isOfFlow(each, name)).toList();
  }

  private static boolean isOfFlow(String cookie, String name) {
    return cookie.equals(name)
        || (cookie.length() > name.length() + 1 && cookie.startsWith(name + "."));
  }

  /** Replaces the request's cookies by these. */
  void write(HeaderBlock headers) {
    StringBuilder text = new StringBuilder();
    cookies.forEach(
        (name, value) ->
            text.append(text.isEmpty() ? "" : "; ").append(name).append('=').append(value));
    headers.set(COOKIE, text.toString());
  }
}
