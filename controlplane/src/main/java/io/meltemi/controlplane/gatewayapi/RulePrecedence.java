package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.kind.virtualservice.HttpMatch;
import io.meltemi.config.kind.virtualservice.HttpRoute;
import io.meltemi.config.traffic.StringMatch;
import java.util.Comparator;

/**
 * The order of the Gateway API among rules for one host: exact paths before prefixes before
 * expressions, longer before shorter, then those that name a method, then by the number of header
 * and query conditions. Rules that are alike stay as they are, rules without a match come last.
 */
final class RulePrecedence {
  static final Comparator<HttpRoute> MOST_SPECIFIC_FIRST =
      Comparator.<HttpRoute, Boolean>comparing(rule -> rule.match().isEmpty())
          .thenComparing(
              (one, other) ->
                  one.match().isEmpty() || other.match().isEmpty()
                      ? 0
                      : RulePrecedence.compare(
                          one.match().getFirst().request(), other.match().getFirst().request()));

  private RulePrecedence() {}

  private static int compare(HttpMatch.Request one, HttpMatch.Request other) {
    int byRank = Integer.compare(rank(other), rank(one));
    if (byRank != 0) {
      return byRank;
    }
    int byLength = Integer.compare(length(other), length(one));
    if (byLength != 0) {
      return byLength;
    }
    int byMethod = Boolean.compare(other.method().isPresent(), one.method().isPresent());
    if (byMethod != 0) {
      return byMethod;
    }
    int byHeaders = Integer.compare(other.headers().size(), one.headers().size());
    return byHeaders != 0
        ? byHeaders
        : Integer.compare(other.queryParams().size(), one.queryParams().size());
  }

  private static int rank(HttpMatch.Request request) {
    return switch (request.uri().orElse(null)) {
      case null -> -1;
      case StringMatch.Exact _ -> 3;
      case StringMatch.Prefix _ -> 2;
      case StringMatch.Regex _ -> 1;
      case StringMatch.Present _ -> -1;
    };
  }

  private static int length(HttpMatch.Request request) {
    return switch (request.uri().orElse(null)) {
      case null -> 0;
      case StringMatch.Exact(String value) -> value.length();
      case StringMatch.Prefix(String value) -> value.length();
      case StringMatch.Regex(String value) -> value.length();
      case StringMatch.Present _ -> 0;
    };
  }
}
