package io.meltemi.proxy.matcher;

import com.google.re2j.Pattern;
import java.nio.charset.StandardCharsets;

/**
 * A compiled {@code type.matcher.v3.StringMatcher}. Only {@link SafeRegex} allocates. See
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/string.proto
 */
public sealed interface StringMatcher {
  /** Whether the bytes of that range match; the range lies in the array. */
  boolean matches(byte[] array, int start, int length);

  /** Whether a text matches; for cold paths. */
  default boolean matches(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return matches(bytes, 0, bytes.length);
  }

  record Exact(BytePattern pattern) implements StringMatcher {
    @Override
    public boolean matches(byte[] array, int start, int length) {
      return pattern.equalsRange(array, start, length);
    }

    @Override
    public String toString() {
      return "exact \"" + pattern + "\"" + caseNote(pattern);
    }
  }

  record Prefix(BytePattern pattern) implements StringMatcher {
    @Override
    public boolean matches(byte[] array, int start, int length) {
      return pattern.isPrefixOf(array, start, length);
    }

    @Override
    public String toString() {
      return "prefix \"" + pattern + "\"" + caseNote(pattern);
    }
  }

  record Suffix(BytePattern pattern) implements StringMatcher {
    @Override
    public boolean matches(byte[] array, int start, int length) {
      return pattern.isSuffixOf(array, start, length);
    }

    @Override
    public String toString() {
      return "suffix \"" + pattern + "\"" + caseNote(pattern);
    }
  }

  record Contains(BytePattern pattern) implements StringMatcher {
    @Override
    public boolean matches(byte[] array, int start, int length) {
      return pattern.isWithin(array, start, length);
    }

    @Override
    public String toString() {
      return "contains \"" + pattern + "\"" + caseNote(pattern);
    }
  }

  /** RE2 over the whole value, in linear time; {@code ignore_case} does not touch it. */
  record SafeRegex(Pattern pattern) implements StringMatcher {
    @Override
    public boolean matches(byte[] array, int start, int length) {
      return matches(new String(array, start, length, StandardCharsets.UTF_8));
    }

    @Override
    public boolean matches(String text) {
      return pattern.matches(text);
    }

    @Override
    public String toString() {
      return "regex \"" + pattern.pattern() + "\"";
    }
  }

  private static String caseNote(BytePattern pattern) {
    return pattern.ignoreCase() ? " ignoring case" : "";
  }
}
