package io.meltemi.proxy.route;

import com.google.protobuf.UnknownFieldSet;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.meltemi.proxy.matcher.BytePattern;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.FractionParser;
import io.meltemi.proxy.matcher.HeaderMatcherParser;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.matcher.StringMatcherParser;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Route matches from protos. */
public final class RouteMatcherParser {
  private static final SupportedFields MATCH =
      SupportedFields.of(
          RouteMatch.class,
          "prefix",
          "path",
          "safe_regex",
          "path_separated_prefix",
          "connect_matcher",
          "case_sensitive",
          "runtime_fraction",
          "headers",
          "query_parameters",
          "grpc",
          "cookies");
  private static final SupportedFields QUERY =
      SupportedFields.of(
          io.envoyproxy.envoy.config.route.v3.QueryParameterMatcher.class,
          "name",
          "string_match",
          "present_match");

  private RouteMatcherParser() {}

  public static Optional<RouteMatcher> parse(RouteMatch proto, ParseScope scope) {
    MATCH.check(proto, scope);
    boolean fold = proto.hasCaseSensitive() && !proto.getCaseSensitive().getValue();
    Fraction share =
        proto.hasRuntimeFraction()
            ? FractionParser.parse(proto.getRuntimeFraction(), scope.field("runtime_fraction"))
            : Fraction.ALWAYS;
    List<QueryParameterMatcher> query = new ArrayList<>();
    for (int i = 0; i < proto.getQueryParametersCount(); i++) {
      query(proto.getQueryParameters(i), scope.field("query_parameters", i)).ifPresent(query::add);
    }
    List<CookieMatcher> cookies = cookies(proto, scope.field("cookies"));
    var headers = HeaderMatcherParser.parseAll(proto.getHeadersList(), scope, "headers");
    return path(proto, fold, scope)
        .map(path -> new RouteMatcher(path, headers, query, share, proto.hasGrpc(), cookies));
  }

  private static List<CookieMatcher> cookies(RouteMatch proto, ParseScope scope) {
    List<CookieMatcher> matchers = new ArrayList<>();
    for (UnknownFieldSet fields :
        NewerFields.companions(
            proto, NewerFields.COOKIES, "envoy.config.route.v3.CookieMatcher", scope)) {
      String name = NewerFields.text(fields, 1);
      if (name.isEmpty()) {
        scope.field("name").error("\"\"", "the name of a cookie");
      }
      var values =
          NewerFields.messages(
              fields,
              2,
              io.envoyproxy.envoy.type.matcher.v3.StringMatcher.parser(),
              scope.field("string_match"));
      if (values.isEmpty()) {
        scope.field("string_match").error("nothing", "a string matcher");
        continue;
      }
      StringMatcherParser.parse(values.getLast(), scope.field("string_match"))
          .ifPresent(
              value ->
                  matchers.add(
                      new CookieMatcher(
                          BytePattern.of(name, false), value, NewerFields.flag(fields, 3))));
    }
    return matchers;
  }

  private static Optional<PathMatcher> path(RouteMatch proto, boolean fold, ParseScope scope) {
    return switch (proto.getPathSpecifierCase()) {
      case PREFIX -> Optional.of(new PathMatcher.Prefix(BytePattern.of(proto.getPrefix(), fold)));
      case PATH -> Optional.of(new PathMatcher.Exact(BytePattern.of(proto.getPath(), fold)));
      case SAFE_REGEX ->
          StringMatcherParser.regex(proto.getSafeRegex(), scope.field("safe_regex"))
              .map(PathMatcher.Regex::new);
      case PATH_SEPARATED_PREFIX -> {
        String prefix = proto.getPathSeparatedPrefix();
        if (prefix.length() < 2
            || prefix.endsWith("/")
            || prefix.indexOf('?') >= 0
            || prefix.indexOf('#') >= 0) {
          scope
              .field("path_separated_prefix")
              .error(prefix, "two characters or more, none ? or #, the last no slash");
        }
        yield Optional.of(new PathMatcher.SeparatedPrefix(BytePattern.of(prefix, fold)));
      }
      case CONNECT_MATCHER -> Optional.of(PathMatcher.Connect.INSTANCE);
      // reported as unsupported already
      case PATH_MATCH_POLICY -> Optional.empty();
      case PATHSPECIFIER_NOT_SET -> {
        scope.error(
            "no path", "one of prefix, path, safe_regex, path_separated_prefix, connect_matcher");
        yield Optional.empty();
      }
    };
  }

  static Optional<QueryParameterMatcher> query(
      io.envoyproxy.envoy.config.route.v3.QueryParameterMatcher proto, ParseScope scope) {
    QUERY.check(proto, scope);
    if (proto.getName().isEmpty()) {
      scope.field("name").error("\"\"", "the name of a parameter");
    }
    BytePattern name = BytePattern.of(proto.getName(), false);
    return switch (proto.getQueryParameterMatchSpecifierCase()) {
      case STRING_MATCH -> {
        Optional<StringMatcher> matcher =
            StringMatcherParser.parse(proto.getStringMatch(), scope.field("string_match"));
        yield matcher.map(
            known -> new QueryParameterMatcher(name, new QueryParameterMatcher.Test.Value(known)));
      }
      case PRESENT_MATCH ->
          Optional.of(
              new QueryParameterMatcher(
                  name, new QueryParameterMatcher.Test.Present(proto.getPresentMatch())));
      case QUERYPARAMETERMATCHSPECIFIER_NOT_SET ->
          Optional.of(
              new QueryParameterMatcher(name, new QueryParameterMatcher.Test.Present(true)));
    };
  }
}
