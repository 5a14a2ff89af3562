package io.meltemi.proxy.route;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.BytePattern;
import io.meltemi.proxy.matcher.StringMatcher;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Envoy 1.40 chooses for the same cookies. */
final class CookieMatcherTest {
  @ParameterizedTest
  @CsvSource({
    "one=x, true",
    "'one=x; two=z', true",
    "'two=z; one=x', true",
    "'two=z;one=x', true",
    "'one=\"x\"', true",
    "'one=z; one=x', false",
    "'ones=x; one =x', false",
    "'one=x ;two=z', false",
    "one, false",
    "one=, false",
    "'one=\"', false",
    "';;=;', false",
    "'', false",
    "'two=z|one=x', true",
  })
  void asksTheFirstOfTheName(String cookies, boolean matches) {
    HeaderBlock headers = new HeaderBlock();
    for (String cookie : cookies.split("\\|", -1)) {
      headers.add(HeaderName.of("cookie"), cookie);
    }
    StringMatcher value = new StringMatcher.Exact(BytePattern.of("x", false));
    BytePattern name = BytePattern.of("one", false);
    assertEquals(matches, new CookieMatcher(name, value, false).matches(headers));
    assertEquals(!matches, new CookieMatcher(name, value, true).matches(headers));
  }
}
