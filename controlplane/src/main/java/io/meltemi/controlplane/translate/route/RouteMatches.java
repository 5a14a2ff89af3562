package io.meltemi.controlplane.translate.route;

import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.config.route.v3.QueryParameterMatcher;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.meltemi.config.kind.virtualservice.HttpMatch;
import io.meltemi.config.traffic.StringMatch;
import io.meltemi.controlplane.translate.ProtoValues;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Istio's request conditions as Envoy's {@code route.v3.RouteMatch}. */
final class RouteMatches {
  /** Matches every request. */
  static final RouteMatch ANY = RouteMatch.newBuilder().setPrefix("/").build();

  /** Keys of header conditions that speak of token claims instead of headers. */
  private static final String CLAIM_PREFIX = "@request.auth.claims";

  /** Istio's way to write "any value" as an expression. */
  private static final String ANY_VALUE = "*";

  private RouteMatches() {}

  /**
   * The match, or nothing when it asks for token claims: without request authentication no request
   * has any, so a route behind such a condition is never taken.
   */
  static Optional<RouteMatch> of(HttpMatch.Request request) {
    return of(request, false);
  }

  /**
   * The match of a request.
   *
   * @param segments whether a prefix ends where a segment of the path does, as in the Gateway API
   */
  static Optional<RouteMatch> of(HttpMatch.Request request, boolean segments) {
    if (asksForClaims(request.headers()) || asksForClaims(request.withoutHeaders())) {
      return Optional.empty();
    }
    RouteMatch.Builder match =
        ANY.toBuilder()
            .setCaseSensitive(request.ignoreUriCase() ? ProtoValues.FALSE : ProtoValues.TRUE);
    request.uri().ifPresent(uri -> path(match, uri, segments));
    List<HeaderMatcher> headers = new ArrayList<>();
    request.headers().forEach((name, condition) -> headers.add(header(name, condition)));
    request.withoutHeaders().forEach((name, condition) -> headers.add(without(name, condition)));
    headers.sort(Comparator.comparing(HeaderMatcher::getName));
    request.method().ifPresent(method -> headers.add(header(":method", method)));
    request.authority().ifPresent(authority -> headers.add(header(":authority", authority)));
    request.scheme().ifPresent(scheme -> headers.add(header(":scheme", scheme)));
    match.addAllHeaders(headers);
    request.queryParams().forEach((name, value) -> match.addQueryParameters(query(name, value)));
    return Optional.of(match.build());
  }

  /** True for a match that every request passes, so that no later route can be reached. */
  static boolean isCatchAll(HttpMatch match) {
    HttpMatch.Request request = match.request();
    boolean anyPath =
        request
            .uri()
            .map(
                uri ->
                    uri.equals(new StringMatch.Prefix("/"))
                        || uri.equals(new StringMatch.Regex(ANY_VALUE)))
            .orElse(false);
    return anyPath
        && request.headers().isEmpty()
        && request.withoutHeaders().isEmpty()
        && request.queryParams().isEmpty()
        && request.method().isEmpty()
        && request.authority().isEmpty()
        && request.scheme().isEmpty();
  }

  /** True for a translated match that every request passes. */
  static boolean isCatchAll(RouteMatch match) {
    boolean anyPath =
        switch (match.getPathSpecifierCase()) {
          case PREFIX -> match.getPrefix().equals("/");
          case SAFE_REGEX -> match.getSafeRegex().getRegex().equals(".*");
          default -> false;
        };
    return anyPath
        && match.getHeadersCount() == 0
        && match.getQueryParametersCount() == 0
        && match.getDynamicMetadataCount() == 0;
  }

  private static boolean asksForClaims(Map<String, StringMatch> headers) {
    return headers.keySet().stream().anyMatch(name -> name.startsWith(CLAIM_PREFIX));
  }

  private static void path(RouteMatch.Builder match, StringMatch uri, boolean segments) {
    switch (uri) {
      case StringMatch.Exact(String value) -> match.setPath(value);
      case StringMatch.Prefix(String value) -> {
        if (segments && !value.equals("/")) {
          match.setPathSeparatedPrefix(
              value.endsWith("/") ? value.substring(0, value.length() - 1) : value);
        } else {
          match.setPrefix(value);
        }
      }
      case StringMatch.Regex(String value) -> match.setSafeRegex(ProtoValues.regex(value));
      case StringMatch.Present() -> match.setPrefix("/");
    }
  }

  private static HeaderMatcher header(String name, StringMatch condition) {
    HeaderMatcher.Builder matcher = HeaderMatcher.newBuilder().setName(name);
    return isPresence(condition)
        ? matcher.setPresentMatch(true).build()
        : matcher.setStringMatch(ProtoValues.stringMatcher(condition)).build();
  }

  private static HeaderMatcher without(String name, StringMatch condition) {
    HeaderMatcher.Builder matcher = header(name, condition).toBuilder().setInvertMatch(true);
    if (!isPresence(condition)) {
      matcher.setTreatMissingHeaderAsEmpty(true);
    }
    return matcher.build();
  }

  private static QueryParameterMatcher query(String name, StringMatch condition) {
    QueryParameterMatcher.Builder matcher = QueryParameterMatcher.newBuilder().setName(name);
    return isPresence(condition)
        ? matcher.setPresentMatch(true).build()
        : matcher.setStringMatch(ProtoValues.stringMatcher(condition)).build();
  }

  private static boolean isPresence(StringMatch condition) {
    return condition instanceof StringMatch.Present
        || condition.equals(new StringMatch.Regex(ANY_VALUE));
  }
}
