package io.meltemi.proxy.route;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.BytePattern;
import io.meltemi.proxy.matcher.StringMatcher;

/**
 * Envoy's {@code route.v3.CookieMatcher}: asks the first cookie of a name.
 *
 * @param invert whether the outcome is turned round, that of a cookie that is not there as well
 */
record CookieMatcher(BytePattern name, StringMatcher value, boolean invert) {
  private static final HeaderName COOKIE = HeaderName.of("cookie");

  boolean matches(HeaderBlock headers) {
    byte[] array = headers.array();
    for (int i = headers.find(COOKIE); i >= 0; i = headers.findNext(COOKIE, i)) {
      int at = headers.valueStart(i);
      int end = at + headers.valueLength(i);
      while (at < end) {
        int pairEnd = at;
        while (pairEnd < end && array[pairEnd] != ';') {
          pairEnd++;
        }
        while (at < pairEnd && array[at] == ' ') {
          at++;
        }
        int nameEnd = at;
        while (nameEnd < pairEnd && array[nameEnd] != '=') {
          nameEnd++;
        }
        if (nameEnd < pairEnd && name.equalsRange(array, at, nameEnd - at)) {
          return holds(array, nameEnd + 1, pairEnd) != invert;
        }
        at = pairEnd + 1;
      }
    }
    return invert;
  }

  /** As in Envoy without the quotes that a value may stand in. */
  private boolean holds(byte[] array, int from, int to) {
    int start = from;
    int end = to;
    if (end - start >= 2 && array[start] == '"' && array[end - 1] == '"') {
      start++;
      end--;
    }
    return value.matches(array, start, end - start);
  }

  @Override
  public String toString() {
    return name + (invert ? " not " : " ") + value;
  }
}
