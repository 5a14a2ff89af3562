package io.meltemi.proxy.route;

import io.meltemi.proxy.matcher.BytePattern;
import io.meltemi.proxy.matcher.StringMatcher;

/**
 * What a route asks of one query parameter. Names and values are compared as they stand in the
 * path, undecoded, as Envoy does; of several parameters of one name the first counts.
 */
public record QueryParameterMatcher(BytePattern name, Test test) {
  /** What the parameter is asked. */
  public sealed interface Test {
    record Present(boolean expected) implements Test {}

    record Value(StringMatcher matcher) implements Test {}
  }

  /**
   * @param start where the query starts, behind the question mark
   * @param end behind its last byte; before start when there is no query
   */
  boolean matches(byte[] array, int start, int end) {
    int at = start;
    while (at < end) {
      int pairEnd = at;
      int equals = -1;
      while (pairEnd < end && array[pairEnd] != '&') {
        if (equals < 0 && array[pairEnd] == '=') {
          equals = pairEnd;
        }
        pairEnd++;
      }
      int nameEnd = equals < 0 ? pairEnd : equals;
      if (name.equalsRange(array, at, nameEnd - at)) {
        int valueStart = equals < 0 ? pairEnd : equals + 1;
        return switch (test) {
          case Test.Present(boolean expected) -> expected;
          case Test.Value(StringMatcher matcher) ->
              matcher.matches(array, valueStart, pairEnd - valueStart);
        };
      }
      at = pairEnd + 1;
    }
    return test instanceof Test.Present(boolean expected) && !expected;
  }

  @Override
  public String toString() {
    return name
        + switch (test) {
          case Test.Present(boolean expected) -> expected ? " present" : " absent";
          case Test.Value(StringMatcher matcher) -> " " + matcher;
        };
  }
}
