package io.meltemi.proxy.matcher;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.nio.charset.StandardCharsets;

/**
 * A compiled {@code route.v3.HeaderMatcher}. A header with several values is matched as one text,
 * the values joined by commas; only that case allocates, besides regular expressions.
 *
 * @param test what the value must satisfy
 * @param invert whether the outcome is turned round
 * @param missingIsEmpty whether an absent header counts as an empty value; without it an absent
 *     header never matches a value test, inverted or not
 */
public record HeaderMatcher(HeaderName name, Test test, boolean invert, boolean missingIsEmpty) {

  /** What a header is asked. */
  public sealed interface Test {
    /** Whether the header is there at all. */
    record Present(boolean expected) implements Test {
      @Override
      public String toString() {
        return expected ? "present" : "absent";
      }
    }

    /** Whether the value is a decimal 64-bit integer in {@code [start, end)}. */
    record Range(long start, long end) implements Test {
      @Override
      public String toString() {
        return "in [" + start + ", " + end + ")";
      }
    }

    record Value(StringMatcher matcher) implements Test {
      @Override
      public String toString() {
        return matcher.toString();
      }
    }
  }

  private static final byte[] EMPTY = {};

  public boolean matches(HeaderBlock headers, MatchTrace trace) {
    boolean matched = evaluate(headers);
    return trace.isRecording()
        ? trace.result(
            matched,
            "header " + name,
            (invert ? "not " : "")
                + test
                + ", found "
                + (headers.contains(name) ? "\"" + joined(headers, name) + "\"" : "nothing"))
        : matched;
  }

  private boolean evaluate(HeaderBlock headers) {
    int index = headers.find(name);
    if (test instanceof Test.Present(boolean expected)) {
      return ((index >= 0) == expected) != invert;
    }
    if (index < 0) {
      return missingIsEmpty && holds(EMPTY, 0, 0) != invert;
    }
    if (headers.findNext(name, index) < 0) {
      return holds(headers.array(), headers.valueStart(index), headers.valueLength(index))
          != invert;
    }
    byte[] value = joined(headers, name).getBytes(StandardCharsets.ISO_8859_1);
    return holds(value, 0, value.length) != invert;
  }

  private boolean holds(byte[] array, int start, int length) {
    return switch (test) {
      case Test.Value(StringMatcher matcher) -> matcher.matches(array, start, length);
      case Test.Range range -> inRange(range, array, start, length);
      case Test.Present present -> present.expected();
    };
  }

  private static boolean inRange(Test.Range range, byte[] array, int start, int length) {
    int at = start;
    int end = start + length;
    boolean negative = at < end && array[at] == '-';
    if (negative || (at < end && array[at] == '+')) {
      at++;
    }
    if (at == end) {
      return false;
    }
    // counted downwards, because the least long has no positive twin
    long value = 0;
    for (; at < end; at++) {
      int digit = array[at] - '0';
      if (digit < 0 || digit > 9 || value < (Long.MIN_VALUE + digit) / 10) {
        return false;
      }
      value = value * 10 - digit;
    }
    if (!negative) {
      if (value == Long.MIN_VALUE) {
        return false;
      }
      value = -value;
    }
    return value >= range.start() && value < range.end();
  }

  /** All values of a header that is there, in order and joined by commas. Allocates. */
  public static String joined(HeaderBlock headers, HeaderName name) {
    int index = headers.find(name);
    StringBuilder text = new StringBuilder(headers.value(index));
    for (index = headers.findNext(name, index); index >= 0; index = headers.findNext(name, index)) {
      text.append(',').append(headers.value(index));
    }
    return text.toString();
  }
}
