package io.meltemi.controlplane.translate.authz;

import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;

/** Values of policies, which may begin or end with {@code *}, as matchers. */
final class TextForm {
  /** Anything that is there. */
  static final StringMatcher PRESENT = regex(".+");

  private TextForm() {}

  /** Exact, a prefix, a suffix, or present. */
  static StringMatcher of(String value) {
    return of(value, false);
  }

  /**
   * The same.
   *
   * @param anyCase letters of either case are equal
   */
  static StringMatcher of(String value, boolean anyCase) {
    if (value.equals("*")) {
      return PRESENT;
    }
    StringMatcher.Builder matcher = StringMatcher.newBuilder().setIgnoreCase(anyCase);
    if (value.startsWith("*")) {
      return matcher.setSuffix(value.substring(1)).build();
    }
    return value.endsWith("*")
        ? matcher.setPrefix(value.substring(0, value.length() - 1)).build()
        : matcher.setExact(value).build();
  }

  /** The same of a text that begins with something the value does not say. */
  static StringMatcher of(String before, String value) {
    if (value.equals("*")) {
      return PRESENT;
    }
    return value.startsWith("*")
        ? regex(before + ".*" + quoted(value.substring(1)))
        : of(before + value);
  }

  static StringMatcher regex(String expression) {
    return StringMatcher.newBuilder()
        .setSafeRegex(RegexMatcher.newBuilder().setRegex(expression))
        .build();
  }

  /** A text as an expression of RE2 that matches only it. */
  static String quoted(String text) {
    StringBuilder quoted = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if ("\\.+*?()|[]{}^$".indexOf(c) >= 0) {
        quoted.append('\\');
      }
      quoted.append(c);
    }
    return quoted.toString();
  }
}
