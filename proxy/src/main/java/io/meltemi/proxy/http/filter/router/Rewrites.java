package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.route.Route;
import io.meltemi.proxy.route.RouteAction;
import io.meltemi.proxy.route.RouteAction.HostRewrite;
import io.meltemi.proxy.route.RouteAction.PathRewrite;
import java.nio.charset.StandardCharsets;

/** Paths and authorities as a route changes them. Stateless. */
final class Rewrites {
  static final HeaderName X_ENVOY_ORIGINAL_PATH = HeaderName.of("x-envoy-original-path");
  static final HeaderName X_ENVOY_ORIGINAL_HOST = HeaderName.of("x-envoy-original-host");
  private static final HeaderName X_FORWARDED_HOST = HeaderName.of("x-forwarded-host");

  private Rewrites() {}

  /** The path without its query. */
  private static String withoutQuery(String path) {
    int query = path.indexOf('?');
    return query < 0 ? path : path.substring(0, query);
  }

  /** The rewritten path with its query. */
  static String path(Route route, PathRewrite rewrite, String path) {
    String bare = withoutQuery(path);
    String query = path.substring(bare.length());
    return switch (rewrite) {
      case PathRewrite.None _ -> path;
      case PathRewrite.Prefix(String replacement) -> {
        int matched = Math.min(bare.length(), route.matcher().path().matchedLength(bare.length()));
        yield replacement + bare.substring(matched) + query;
      }
      case PathRewrite.Full(String text) -> text.indexOf('?') >= 0 ? text : text + query;
      case PathRewrite.Regex regex -> regex.rewrite().apply(bare) + query;
    };
  }

  /** Changes the path of a request. */
  static void rewritePath(
      HeaderBlock headers, Route route, PathRewrite rewrite, boolean keepOriginal) {
    if (rewrite instanceof PathRewrite.None) {
      return;
    }
    String path = headers.get(HeaderName.PATH);
    if (path == null) {
      return;
    }
    String changed = path(route, rewrite, path);
    if (keepOriginal && !changed.equals(path)) {
      headers.set(X_ENVOY_ORIGINAL_PATH, path);
    }
    headers.set(HeaderName.PATH, changed);
  }

  /** Changes the authority of a request before its host is chosen. */
  static void rewriteHost(
      HeaderBlock headers, RouteAction.Forward forward, String shareRewrite, boolean keepOriginal) {
    if (!shareRewrite.isEmpty()) {
      setHost(headers, shareRewrite, forward, keepOriginal);
      return;
    }
    switch (forward.hostRewrite()) {
      case HostRewrite.None _, HostRewrite.Auto _ -> {}
      case HostRewrite.Literal(String host) -> setHost(headers, host, forward, keepOriginal);
      case HostRewrite.Header(HeaderName name) -> {
        String host = headers.get(name);
        if (host != null && !host.isEmpty()) {
          setHost(headers, host, forward, keepOriginal);
        }
      }
      case HostRewrite.PathRegex regex -> {
        String path = headers.get(HeaderName.PATH);
        if (path != null) {
          setHost(headers, regex.rewrite().apply(withoutQuery(path)), forward, keepOriginal);
        }
      }
    }
  }

  /** Changes the authority to the name of the chosen host, where the route asks for it. */
  static void rewriteAuto(
      HeaderBlock headers, RouteAction.Forward forward, Host host, boolean keepOriginal) {
    if (forward.hostRewrite() instanceof HostRewrite.Auto && !host.hostname().isEmpty()) {
      setHost(headers, host.hostname(), forward, keepOriginal);
    }
  }

  private static void setHost(
      HeaderBlock headers, String host, RouteAction.Forward forward, boolean keepOriginal) {
    int old = headers.find(HeaderName.AUTHORITY);
    if (old >= 0) {
      byte[] value = headers.value(old).getBytes(StandardCharsets.ISO_8859_1);
      if (forward.options().appendForwardedHost()) {
        headers.append(X_FORWARDED_HOST, value, 0, value.length);
      }
      if (keepOriginal) {
        headers.set(X_ENVOY_ORIGINAL_HOST, value);
      }
    }
    headers.set(HeaderName.AUTHORITY, host);
  }

  /** The {@code location} of a redirect. */
  static String location(Route route, RouteAction.Redirect redirect, HeaderBlock headers) {
    String oldScheme = orElse(headers.get(HeaderName.SCHEME), "http");
    String scheme = redirect.scheme().isEmpty() ? oldScheme : redirect.scheme();
    String authority = orElse(headers.get(HeaderName.AUTHORITY), "");
    String path = orElse(headers.get(HeaderName.PATH), "/");
    int colon = authority.lastIndexOf(':');
    boolean hasPort = colon > authority.lastIndexOf(']');
    String host = hasPort ? authority.substring(0, colon) : authority;
    String port = hasPort ? authority.substring(colon) : "";
    if (redirect.port() > 0) {
      port = ":" + redirect.port();
    } else if (!scheme.equals(oldScheme)
        && ((oldScheme.equals("http") && port.equals(":80"))
            || (oldScheme.equals("https") && port.equals(":443")))) {
      port = "";
    }
    if (!redirect.host().isEmpty()) {
      host = redirect.host();
      // the request's port belongs to the request's host
      port = redirect.port() > 0 ? port : "";
    }
    String target = path(route, redirect.path(), path);
    if (redirect.stripQuery()) {
      target = withoutQuery(target);
    }
    return scheme + "://" + host + port + target;
  }

  private static String orElse(@org.jspecify.annotations.Nullable String text, String otherwise) {
    return text == null ? otherwise : text;
  }
}
