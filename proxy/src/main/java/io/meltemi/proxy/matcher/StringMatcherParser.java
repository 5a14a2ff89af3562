package io.meltemi.proxy.matcher;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatchAndSubstitute;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.util.Optional;

/** Envoy string and regex matchers to compiled ones; empty with an error in the scope when bad. */
public final class StringMatcherParser {
  private static final SupportedFields STRING =
      SupportedFields.of(
          io.envoyproxy.envoy.type.matcher.v3.StringMatcher.class,
          "exact",
          "prefix",
          "suffix",
          "contains",
          "safe_regex",
          "ignore_case");
  private static final SupportedFields REGEX =
      SupportedFields.of(RegexMatcher.class, "regex", "google_re2");
  private static final SupportedFields SUBSTITUTE =
      SupportedFields.of(RegexMatchAndSubstitute.class, "pattern", "substitution");

  private StringMatcherParser() {}

  public static Optional<StringMatcher> parse(
      io.envoyproxy.envoy.type.matcher.v3.StringMatcher proto, ParseScope scope) {
    STRING.check(proto, scope);
    boolean fold = proto.getIgnoreCase();
    return switch (proto.getMatchPatternCase()) {
      case EXACT -> Optional.of(new StringMatcher.Exact(BytePattern.of(proto.getExact(), fold)));
      case PREFIX ->
          notEmpty(proto.getPrefix(), scope.field("prefix"))
              .map(text -> new StringMatcher.Prefix(BytePattern.of(text, fold)));
      case SUFFIX ->
          notEmpty(proto.getSuffix(), scope.field("suffix"))
              .map(text -> new StringMatcher.Suffix(BytePattern.of(text, fold)));
      case CONTAINS ->
          notEmpty(proto.getContains(), scope.field("contains"))
              .map(text -> new StringMatcher.Contains(BytePattern.of(text, fold)));
      case SAFE_REGEX ->
          regex(proto.getSafeRegex(), scope.field("safe_regex")).map(StringMatcher.SafeRegex::new);
      // reported by the check above
      case CUSTOM -> Optional.empty();
      case MATCHPATTERN_NOT_SET -> {
        scope.error("no pattern", "one of exact, prefix, suffix, contains, safe_regex");
        yield Optional.empty();
      }
    };
  }

  public static Optional<Pattern> regex(RegexMatcher proto, ParseScope scope) {
    REGEX.check(proto, scope);
    return notEmpty(proto.getRegex(), scope.field("regex"))
        .flatMap(text -> compile(text, scope.field("regex")));
  }

  public static Optional<RegexRewrite> rewrite(RegexMatchAndSubstitute proto, ParseScope scope) {
    SUBSTITUTE.check(proto, scope);
    return regex(proto.getPattern(), scope.field("pattern"))
        .flatMap(
            pattern -> {
              try {
                return Optional.of(new RegexRewrite(pattern, proto.getSubstitution()));
              } catch (IllegalArgumentException e) {
                scope
                    .field("substitution")
                    .error(proto.getSubstitution(), String.valueOf(e.getMessage()));
                return Optional.empty();
              }
            });
  }

  private static Optional<Pattern> compile(String text, ParseScope scope) {
    try {
      return Optional.of(Pattern.compile(text));
    } catch (PatternSyntaxException e) {
      scope.error(text, "an RE2 regular expression: " + e.getDescription());
      return Optional.empty();
    }
  }

  private static Optional<String> notEmpty(String text, ParseScope scope) {
    if (text.isEmpty()) {
      scope.error("\"\"", "at least one character");
      return Optional.empty();
    }
    return Optional.of(text);
  }
}
