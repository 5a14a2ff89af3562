package io.meltemi.proxy.matcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.re2j.Pattern;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.parse.ParseScope;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class StringMatcherTest {
  static Stream<Arguments> cases() {
    StringMatcher exact = new StringMatcher.Exact(BytePattern.of("Abc", false));
    StringMatcher exactFold = new StringMatcher.Exact(BytePattern.of("Abc", true));
    StringMatcher prefix = new StringMatcher.Prefix(BytePattern.of("ab", false));
    StringMatcher prefixFold = new StringMatcher.Prefix(BytePattern.of("AB", true));
    StringMatcher suffix = new StringMatcher.Suffix(BytePattern.of("yz", false));
    StringMatcher contains = new StringMatcher.Contains(BytePattern.of("aab", false));
    StringMatcher containsFold = new StringMatcher.Contains(BytePattern.of("É-x", true));
    StringMatcher regex = new StringMatcher.SafeRegex(Pattern.compile("a|ab|v[12]\\.x"));
    return Stream.of(
        Arguments.of(exact, "Abc", true),
        Arguments.of(exact, "abc", false),
        Arguments.of(exact, "Abcd", false),
        Arguments.of(exact, "", false),
        Arguments.of(exactFold, "aBC", true),
        Arguments.of(exactFold, "aB", false),
        Arguments.of(prefix, "ab", true),
        Arguments.of(prefix, "abc", true),
        Arguments.of(prefix, "a", false),
        Arguments.of(prefix, "Abc", false),
        Arguments.of(prefixFold, "aBc", true),
        Arguments.of(suffix, "xyz", true),
        Arguments.of(suffix, "z", false),
        Arguments.of(suffix, "yza", false),
        Arguments.of(contains, "aaab", true),
        Arguments.of(contains, "aaba", true),
        Arguments.of(contains, "aa", false),
        // only ASCII is folded
        Arguments.of(containsFold, "..É-X", true),
        Arguments.of(containsFold, "..é-X", false),
        Arguments.of(regex, "ab", true),
        Arguments.of(regex, "abc", false),
        Arguments.of(regex, "v1.x", true),
        Arguments.of(regex, "v1ax", false),
        Arguments.of(regex, "", false));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void matchesTextAndAnyRangeOfAnArray(StringMatcher matcher, String text, boolean expected) {
    assertEquals(expected, matcher.matches(text));
    byte[] padded = ("\0Ab" + text + "yz\0").getBytes(StandardCharsets.UTF_8);
    assertEquals(
        expected, matcher.matches(padded, 3, text.getBytes(StandardCharsets.UTF_8).length));
  }

  @Test
  void parserRefusesEveryBadPatternByPath() {
    ParseScope scope = ParseScope.root(Origin.of("test"));
    var proto = io.envoyproxy.envoy.type.matcher.v3.StringMatcher.newBuilder();
    StringMatcherParser.parse(proto.build(), scope.field("a"));
    StringMatcherParser.parse(proto.setPrefix("").build(), scope.field("b"));
    StringMatcherParser.parse(proto.setContains("").build(), scope.field("c"));
    proto.getSafeRegexBuilder().setRegex("a(");
    StringMatcherParser.parse(proto.build(), scope.field("d"));
    proto.getCustomBuilder().setName("lua");
    StringMatcherParser.parse(proto.build(), scope.field("e"));
    assertEquals(
        List.of("a", "b.prefix", "c.contains", "d.safe_regex.regex", "e.custom"),
        scope.out().finish(() -> "").errors().stream().map(violation -> violation.path()).toList());
  }
}
