package io.meltemi.proxy.http.filter.oauth2;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Cookies;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * What comes back from the authorization server by way of the user's browser.
 *
 * @param flow empty while it is not known to have begun here
 * @param url where the user wanted to go
 * @param error why it is refused; empty when it is not
 */
record Callback(String flow, String url, String code, String error) {
  private static Callback refused(String flow, String error) {
    return new Callback(flow, "", "", error);
  }

  static Callback of(String path, CookieJar cookies, Cookies names, Seal seal) {
    Map<String, String> query = query(path);
    String state = query.get("state");
    if (query.containsKey("error")) {
      String flow = state == null ? "" : state(state, "", cookies, names, seal).flow();
      return refused(flow, "OAuth server returned an error: " + text(query));
    }
    String code = query.get("code");
    if (code == null || state == null) {
      return refused("", "Code or state query param does not exist: " + text(query));
    }
    return state(state, code, cookies, names, seal);
  }

  private static Callback state(
      String state, String code, CookieJar cookies, Cookies names, Seal seal) {
    String json = new String(Seal.decoded(state), StandardCharsets.UTF_8);
    Struct fields = TokenAnswer.object(json);
    if (fields == null) {
      return refused("", "State query param is not a valid JSON: " + json);
    }
    if (!fields.containsFields("url") || !fields.containsFields("csrf_token")) {
      return refused("", "State query param does not contain url or CSRF token: " + json);
    }
    String token = fields.getFieldsOrThrow("csrf_token").getStringValue();
    String flow = fields.getFieldsOrDefault("flow_id", Value.getDefaultInstance()).getStringValue();
    String own = cookies.get(names.nonce().name(), flow);
    if (own.isEmpty() || !Seal.areEqual(own, token) || !seal.isNonce(token)) {
      return refused("", "CSRF token validation failed");
    }
    String url = fields.getFieldsOrThrow("url").getStringValue();
    if (!isAbsolute(url)) {
      return refused(flow, "State url can not be initialized: " + url);
    }
    return new Callback(flow, url, code, "");
  }

  private static boolean isAbsolute(String url) {
    int host = url.startsWith("https://") ? 8 : url.startsWith("http://") ? 7 : url.length();
    return host < url.length()
        && "/?#".indexOf(url.charAt(host)) < 0
        && url.chars().allMatch(c -> c > ' ' && c != 0x7F);
  }

  /** The path of an absolute URL with its query. */
  static String pathOf(String url) {
    int slash = url.indexOf('/', url.indexOf("://") + 3);
    return slash < 0 ? "/" : url.substring(slash);
  }

  /** Parameters by their names, as they are written; of several with one name the first. */
  static Map<String, String> query(String path) {
    Map<String, String> parameters = new TreeMap<>();
    int mark = path.indexOf('?');
    if (mark >= 0) {
      for (String pair : path.substring(mark + 1).split("&", -1)) {
        int equals = pair.indexOf('=');
        if (!pair.isEmpty()) {
          parameters.putIfAbsent(
              equals < 0 ? pair : pair.substring(0, equals),
              equals < 0 ? "" : pair.substring(equals + 1));
        }
      }
    }
    return parameters;
  }

  /** A query with its question mark; empty for no parameters. */
  static String text(Map<String, String> query) {
    StringBuilder text = new StringBuilder();
    query.forEach(
        (name, value) ->
            text.append(text.isEmpty() ? '?' : '&').append(name).append('=').append(value));
    return text.toString();
  }
}
