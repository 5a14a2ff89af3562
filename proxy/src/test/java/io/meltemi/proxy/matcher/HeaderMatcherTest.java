package io.meltemi.proxy.matcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.re2j.Pattern;
import io.envoyproxy.envoy.type.v3.Int64Range;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.parse.ParseScope;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class HeaderMatcherTest {
  private static final HeaderName NAME = HeaderName.of("x-user");
  private static final HeaderMatcher.Test JASON =
      new HeaderMatcher.Test.Value(new StringMatcher.Exact(BytePattern.of("jason", false)));
  private static final HeaderMatcher.Test EMPTY =
      new HeaderMatcher.Test.Value(new StringMatcher.SafeRegex(Pattern.compile("^$")));
  private static final HeaderMatcher.Test RANGE = new HeaderMatcher.Test.Range(-10, 5);
  private static final HeaderMatcher.Test FULL_RANGE =
      new HeaderMatcher.Test.Range(Long.MIN_VALUE, Long.MAX_VALUE);
  private static final HeaderMatcher.Test PRESENT = new HeaderMatcher.Test.Present(true);
  private static final HeaderMatcher.Test ABSENT = new HeaderMatcher.Test.Present(false);

  static Stream<Arguments> cases() {
    return Stream.of(
        Arguments.of(JASON, false, false, List.of("jason"), true),
        Arguments.of(JASON, true, false, List.of("jason"), false),
        Arguments.of(JASON, false, false, List.of("Jason"), false),
        Arguments.of(JASON, true, false, List.of("Jason"), true),
        // an absent header never matches a value, inverted or not, unless it counts as empty
        Arguments.of(JASON, false, false, List.of(), false),
        Arguments.of(JASON, true, false, List.of(), false),
        Arguments.of(JASON, true, true, List.of(), true),
        Arguments.of(EMPTY, false, true, List.of(), true),
        Arguments.of(EMPTY, false, false, List.of(), false),
        // several values are one
        Arguments.of(JASON, false, false, List.of("jason", "x"), false),
        Arguments.of(
            new HeaderMatcher.Test.Value(new StringMatcher.Exact(BytePattern.of("a,b", false))),
            false,
            false,
            List.of("a", "b"),
            true),
        Arguments.of(PRESENT, false, false, List.of(""), true),
        Arguments.of(PRESENT, false, false, List.of(), false),
        Arguments.of(PRESENT, true, false, List.of(), true),
        Arguments.of(ABSENT, false, false, List.of(), true),
        Arguments.of(ABSENT, true, false, List.of(), false),
        Arguments.of(ABSENT, false, false, List.of("x"), false),
        Arguments.of(RANGE, false, false, List.of("-10"), true),
        Arguments.of(RANGE, false, false, List.of("-11"), false),
        Arguments.of(RANGE, false, false, List.of("4"), true),
        Arguments.of(RANGE, false, false, List.of("+4"), true),
        Arguments.of(RANGE, false, false, List.of("5"), false),
        Arguments.of(RANGE, true, false, List.of("5"), true),
        Arguments.of(RANGE, false, false, List.of("4x"), false),
        Arguments.of(RANGE, false, false, List.of("-"), false),
        Arguments.of(RANGE, false, false, List.of(""), false),
        Arguments.of(FULL_RANGE, false, false, List.of("-9223372036854775808"), true),
        Arguments.of(FULL_RANGE, false, false, List.of("-9223372036854775809"), false),
        Arguments.of(FULL_RANGE, false, false, List.of("9223372036854775806"), true),
        Arguments.of(FULL_RANGE, false, false, List.of("9223372036854775808"), false),
        Arguments.of(FULL_RANGE, false, false, List.of("99999999999999999999"), false));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void matches(
      HeaderMatcher.Test test,
      boolean invert,
      boolean missingIsEmpty,
      List<String> values,
      boolean expected) {
    HeaderBlock headers = new HeaderBlock();
    headers.add(HeaderName.of("x-other"), "jason");
    values.forEach(value -> headers.add(NAME, value));
    HeaderMatcher matcher = new HeaderMatcher(NAME, test, invert, missingIsEmpty);
    MatchTrace trace = MatchTrace.recording();
    assertEquals(expected, matcher.matches(headers, MatchTrace.NONE));
    assertEquals(expected, matcher.matches(headers, trace));
    assertEquals(
        expected ? MatchTrace.Outcome.MATCHED : MatchTrace.Outcome.FAILED,
        trace.steps().getFirst().outcome());
  }

  @Test
  void traceTellsPredicateAndFoundValue() {
    HeaderBlock headers = new HeaderBlock();
    headers.add(NAME, "bob");
    MatchTrace trace = MatchTrace.recording();
    new HeaderMatcher(NAME, JASON, false, false).matches(headers, trace);
    assertEquals("header x-user: no match (exact \"jason\", found \"bob\")\n", trace.toString());
  }

  @Test
  @SuppressWarnings("deprecation") // the deprecated spellings are what is tested
  void parsesEverySpelling() {
    ParseScope scope = ParseScope.root(Origin.of("test"));
    var proto = io.envoyproxy.envoy.config.route.v3.HeaderMatcher.newBuilder().setName("X-User");
    List<String> parsed =
        Stream.of(
                proto.clone().setExactMatch("a"),
                proto.clone().setPrefixMatch("a"),
                proto.clone().setSuffixMatch("a"),
                proto.clone().setContainsMatch("a"),
                proto.clone().setRangeMatch(Int64Range.newBuilder().setStart(1).setEnd(3)),
                proto.clone().setPresentMatch(true),
                proto.clone())
            .map(
                builder ->
                    HeaderMatcherParser.parse(builder.build(), scope)
                        .orElseThrow()
                        .test()
                        .toString())
            .toList();
    assertEquals(
        List.of(
            "exact \"a\"",
            "prefix \"a\"",
            "suffix \"a\"",
            "contains \"a\"",
            "in [1, 3)",
            "present",
            "present"),
        parsed);
    HeaderMatcherParser.parse(proto.clone().setName("a b").build(), scope);
    assertTrue(scope.out().finish(() -> "").errors().toString().contains("name: found \"a b\""));
  }
}
