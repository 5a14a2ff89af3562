package io.meltemi.controlplane.translate.route;

import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.config.route.v3.QueryParameterMatcher;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.type.matcher.v3.ListMatcher;
import io.envoyproxy.envoy.type.matcher.v3.MetadataMatcher;
import io.envoyproxy.envoy.type.matcher.v3.OrMatcher;
import io.envoyproxy.envoy.type.matcher.v3.ValueMatcher;
import io.meltemi.config.kind.virtualservice.HttpMatch;
import io.meltemi.config.traffic.StringMatch;
import io.meltemi.controlplane.translate.ProtoValues;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Istio's request conditions as Envoy's {@code route.v3.RouteMatch}. */
final class RouteMatches {
  /** Matches every request. */
  static final RouteMatch ANY = RouteMatch.newBuilder().setPrefix("/").build();

  /** Keys of header conditions that speak of token claims instead of headers. */
  private static final String CLAIM_PREFIX = "@request.auth.claims";

  /** Where the claims of a checked token are found. */
  private static final String TOKEN_FILTER = "envoy.filters.http.jwt_authn";

  private static final String TOKEN_PAYLOAD = "payload";

  /** Istio's way to write "any value" as an expression. */
  private static final String ANY_VALUE = "*";

  private RouteMatches() {}

  /**
   * The match of a request.
   *
   * @param segments whether a prefix ends where a segment of the path does, as in the Gateway API
   */
  static RouteMatch of(HttpMatch.Request request, boolean segments) {
    RouteMatch.Builder match =
        ANY.toBuilder()
            .setCaseSensitive(request.ignoreUriCase() ? ProtoValues.FALSE : ProtoValues.TRUE);
    request.uri().ifPresent(uri -> path(match, uri, segments));
    List<HeaderMatcher> headers = new ArrayList<>();
    request
        .headers()
        .forEach(
            (name, condition) -> {
              if (isClaim(name)) {
                match.addDynamicMetadata(claim(name, condition, false));
              } else {
                headers.add(header(name, condition));
              }
            });
    request
        .withoutHeaders()
        .forEach(
            (name, condition) -> {
              if (isClaim(name)) {
                match.addDynamicMetadata(claim(name, condition, true));
              } else {
                headers.add(without(name, condition));
              }
            });
    headers.sort(Comparator.comparing(HeaderMatcher::getName));
    request.method().ifPresent(method -> headers.add(header(":method", method)));
    request.authority().ifPresent(authority -> headers.add(header(":authority", authority)));
    request.scheme().ifPresent(scheme -> headers.add(header(":scheme", scheme)));
    match.addAllHeaders(headers);
    request.queryParams().forEach((name, value) -> match.addQueryParameters(query(name, value)));
    return match.build();
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

  private static boolean isClaim(String name) {
    return name.toLowerCase(Locale.ROOT).startsWith(CLAIM_PREFIX);
  }

  /** A claim may be one text or a list of which any may be meant. */
  private static MetadataMatcher claim(String name, StringMatch condition, boolean invert) {
    MetadataMatcher.Builder matcher =
        MetadataMatcher.newBuilder().setFilter(TOKEN_FILTER).setInvert(invert);
    matcher.addPath(segment(TOKEN_PAYLOAD));
    claimPath(name.substring(CLAIM_PREFIX.length())).forEach(key -> matcher.addPath(segment(key)));
    ValueMatcher text =
        ValueMatcher.newBuilder().setStringMatch(ProtoValues.stringMatcher(condition)).build();
    return matcher
        .setValue(
            ValueMatcher.newBuilder()
                .setOrMatch(
                    OrMatcher.newBuilder()
                        .addValueMatchers(
                            ValueMatcher.newBuilder()
                                .setListMatch(ListMatcher.newBuilder().setOneOf(text)))
                        .addValueMatchers(text)))
        .build();
  }

  private static MetadataMatcher.PathSegment segment(String key) {
    return MetadataMatcher.PathSegment.newBuilder().setKey(key).build();
  }

  /** {@code .a.b} or {@code [a][b]}, in which a key may have dots. */
  private static List<String> claimPath(String written) {
    if (written.startsWith(".")) {
      return List.of(written.substring(1).split("\\.", -1));
    }
    if (written.startsWith("[") && written.endsWith("]")) {
      return List.of(written.substring(1, written.length() - 1).split("\\]\\[", -1));
    }
    return List.of(written);
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
