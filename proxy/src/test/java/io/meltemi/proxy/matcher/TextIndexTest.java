package io.meltemi.proxy.matcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.google.re2j.Pattern;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TextIndexTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void collectsWhatTryingEachLiteralDoes(int series) {
    for (int round = 0; round < 100; round++) {
      long seed = series * 1000L + round;
      SplittableRandom random = new SplittableRandom(seed);
      List<TextIndex.Literal> literals = new ArrayList<>();
      TextIndex.Builder builder = new TextIndex.Builder();
      int count = random.nextInt(round % 10 == 0 ? 5000 : 50);
      for (int i = 0; i < count; i++) {
        TextIndex.Form form = TextIndex.Form.values()[random.nextInt(3)];
        TextIndex.Literal literal =
            new TextIndex.Literal(form, BytePattern.of(text(random, 5), random.nextBoolean()));
        literals.add(literal);
        builder.add(literal, i);
      }
      TextIndex index = builder.build();
      for (int i = 0; i < 30; i++) {
        byte[] text = ("pad" + text(random, 9) + "pad").getBytes(StandardCharsets.UTF_8);
        List<Integer> expected = new ArrayList<>();
        for (int rule = 0; rule < literals.size(); rule++) {
          if (holds(literals.get(rule), text, 3, text.length - 6)) {
            expected.add(rule);
          }
        }
        RuleCandidates candidates = RuleCandidates.borrow(count);
        index.collect(text, 3, text.length - 6, candidates);
        List<Integer> found = new ArrayList<>();
        for (int rule = candidates.next(); rule >= 0; rule = candidates.next()) {
          found.add(rule);
        }
        candidates.release();
        assertEquals(expected, found, "seed " + seed);
        assertEquals(!expected.isEmpty(), index.holdsAny(text, 3, text.length - 6), "seed " + seed);
      }
    }
  }

  private static boolean holds(TextIndex.Literal literal, byte[] array, int start, int length) {
    return switch (literal.form()) {
      case EXACT -> literal.pattern().equalsRange(array, start, length);
      case PREFIX -> literal.pattern().isPrefixOf(array, start, length);
      case SUFFIX -> literal.pattern().isSuffixOf(array, start, length);
    };
  }

  private static String text(RandomGenerator random, int lengthMax) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(lengthMax + 1); i > 0; i--) {
      text.append("aAbB/é".charAt(random.nextInt(6)));
    }
    return text.toString();
  }

  @Test
  void candidatesComeInOrderAndAreForgottenOnRelease() {
    RuleCandidates first = RuleCandidates.borrow(100_000);
    RuleCandidates second = RuleCandidates.borrow(10);
    first.add(99_999);
    first.add(64);
    first.add(63);
    first.add(64);
    second.add(3);
    assertEquals(63, first.next());
    assertEquals(3, second.next());
    assertEquals(-1, second.next());
    first.add(1);
    assertEquals(1, first.next());
    second.release();
    first.release();
    RuleCandidates again = RuleCandidates.borrow(100_000);
    assertEquals(-1, again.next());
    again.release();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "/api/v1/.* PREFIX /api/v1/",
        "/api/(v1|v2)/x PREFIX /api/",
        "^/exact$ EXACT /exact",
        "/a\\.b EXACT /a.b",
        "/ab? PREFIX /a",
        "/ab* PREFIX /a",
        "/ab+ PREFIX /ab",
        "/ab{0,2} PREFIX /a",
        "/[^/]+/x PREFIX /",
        "/x[]|]y PREFIX /x",
        "/é PREFIX /",
      })
  void knowsWhatARegexBeginsWith(String regex, TextIndex.Form form, String literal) {
    assertEquals(
        new TextIndex.Literal(form, BytePattern.of(literal, false)), RegexLiteral.of(regex));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {".*", "a|b", "(?i)abc", "\\Qa|b\\E", "[[:alpha:]|x]y", "a?", "\\d+", "[a|b]c"})
  void knowsNothingWhenInDoubt(String regex) {
    assertNull(RegexLiteral.of(regex));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void everyMatchOfARegexHoldsItsLiteral(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 3000; i++) {
      StringBuilder regex = new StringBuilder();
      for (int j = random.nextInt(7); j >= 0; j--) {
        regex.append(
            List.of(
                    "a", "b", "/", "a?", "b*", "(a|b)", "[ab]", "\\.", ".", "|", "a+", "^", "$",
                    "(?i)", "a{2}", "(", ")", "\\d", "é")
                .get(random.nextInt(19)));
      }
      Pattern pattern;
      try {
        pattern = Pattern.compile(regex.toString());
      } catch (com.google.re2j.PatternSyntaxException e) {
        continue;
      }
      TextIndex.Literal literal = RegexLiteral.of(regex.toString());
      for (int j = 0; j < 20 && literal != null; j++) {
        StringBuilder text = new StringBuilder(j % 2 == 0 ? literal.pattern().toString() : "");
        for (int k = random.nextInt(4); k > 0; k--) {
          text.append("abA/.é1".charAt(random.nextInt(7)));
        }
        if (pattern.matches(text.toString())) {
          byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
          assertEquals(
              true,
              holds(literal, bytes, 0, bytes.length),
              () -> "seed " + seed + ": " + regex + " matches " + text);
        }
      }
    }
  }
}
