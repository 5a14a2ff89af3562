package io.meltemi.proxy.matcher;

import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.HeaderMatcher.Test;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Envoy header matchers to compiled ones, the deprecated spellings included. */
public final class HeaderMatcherParser {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          io.envoyproxy.envoy.config.route.v3.HeaderMatcher.class,
          "name",
          "exact_match",
          "safe_regex_match",
          "range_match",
          "present_match",
          "prefix_match",
          "suffix_match",
          "contains_match",
          "string_match",
          "invert_match",
          "treat_missing_header_as_empty");

  private HeaderMatcherParser() {}

  /** All matchers of a repeated field; bad ones are errors in the scope and left out. */
  public static List<HeaderMatcher> parseAll(
      List<io.envoyproxy.envoy.config.route.v3.HeaderMatcher> protos,
      ParseScope parent,
      String field) {
    List<HeaderMatcher> matchers = new ArrayList<>(protos.size());
    for (int i = 0; i < protos.size(); i++) {
      parse(protos.get(i), parent.field(field, i)).ifPresent(matchers::add);
    }
    return List.copyOf(matchers);
  }

  public static Optional<HeaderMatcher> parse(
      io.envoyproxy.envoy.config.route.v3.HeaderMatcher proto, ParseScope scope) {
    FIELDS.check(proto, scope);
    Optional<Test> test = test(proto, scope);
    if (!HeaderName.isValid(proto.getName())) {
      scope.field("name").error("\"" + proto.getName() + "\"", "a header name");
      return Optional.empty();
    }
    return test.map(
        known ->
            new HeaderMatcher(
                HeaderName.of(proto.getName()),
                known,
                proto.getInvertMatch(),
                proto.getTreatMissingHeaderAsEmpty()));
  }

  // the deprecated oneof members still come from older control planes
  @SuppressWarnings("deprecation")
  private static Optional<Test> test(
      io.envoyproxy.envoy.config.route.v3.HeaderMatcher proto, ParseScope scope) {
    return switch (proto.getHeaderMatchSpecifierCase()) {
      case STRING_MATCH -> string(proto.getStringMatch(), scope.field("string_match"));
      case EXACT_MATCH ->
          Optional.of(value(new StringMatcher.Exact(literal(proto.getExactMatch()))));
      case PREFIX_MATCH ->
          Optional.of(value(new StringMatcher.Prefix(literal(proto.getPrefixMatch()))));
      case SUFFIX_MATCH ->
          Optional.of(value(new StringMatcher.Suffix(literal(proto.getSuffixMatch()))));
      case CONTAINS_MATCH ->
          Optional.of(value(new StringMatcher.Contains(literal(proto.getContainsMatch()))));
      case SAFE_REGEX_MATCH -> regex(proto.getSafeRegexMatch(), scope.field("safe_regex_match"));
      case RANGE_MATCH ->
          Optional.of(
              new Test.Range(proto.getRangeMatch().getStart(), proto.getRangeMatch().getEnd()));
      case PRESENT_MATCH -> Optional.of(new Test.Present(proto.getPresentMatch()));
      case HEADERMATCHSPECIFIER_NOT_SET -> Optional.of(new Test.Present(true));
    };
  }

  private static Optional<Test> string(
      io.envoyproxy.envoy.type.matcher.v3.StringMatcher proto, ParseScope scope) {
    return StringMatcherParser.parse(proto, scope).map(HeaderMatcherParser::value);
  }

  private static Optional<Test> regex(RegexMatcher proto, ParseScope scope) {
    return StringMatcherParser.regex(proto, scope)
        .map(pattern -> value(new StringMatcher.SafeRegex(pattern)));
  }

  private static Test value(StringMatcher matcher) {
    return new Test.Value(matcher);
  }

  private static BytePattern literal(String text) {
    return BytePattern.of(text, false);
  }
}
