package io.meltemi.proxy.matcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.re2j.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RegexRewriteTest {
  @ParameterizedTest
  @CsvSource({
    // the examples of Envoy's documentation
    "'^/service/([^/]+)(/.*)$', '\\2/instance/\\1', /service/foo/v1/api, /v1/api/instance/foo",
    "one, two, /xxx/one/yyy/one/zzz, /xxx/two/yyy/two/zzz",
    "'^(.*?)one(.*)$', '\\1two\\2', /xxx/one/yyy/one/zzz, /xxx/two/yyy/one/zzz",
    "(?i)/xxx/, /yyy/, /aaa/XxX/bbb, /aaa/yyy/bbb",
    // whole match, escapes, empty matches, unmatched groups
    "b+, '[\\0]\\\\', abbc, 'a[bb]\\c'",
    "x*, -, abc, -a-b-c-",
    ".*, y, abc, y",
    "(a)|(b), '<\\1\\2>', ab, <a><b>",
    "q, z, abc, abc"
  })
  void replacesAsRe2Does(String pattern, String substitution, String text, String expected) {
    assertEquals(expected, new RegexRewrite(Pattern.compile(pattern), substitution).apply(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\\2", "\\x", "end\\"})
  void refusesBadSubstitution(String substitution) {
    assertThrows(
        IllegalArgumentException.class,
        () -> new RegexRewrite(Pattern.compile("(a)"), substitution));
  }

  @Test
  void replacesInEmptyText() {
    assertEquals("x", new RegexRewrite(Pattern.compile("^$"), "x").apply(""));
  }
}
