package io.meltemi.proxy.matcher;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.List;

/**
 * A compiled {@code type.matcher.v3.RegexMatchAndSubstitute}: every non-overlapping match is
 * replaced, {@code \0} to {@code \9} stand for groups and {@code \\} for a backslash, as
 * RE2::GlobalReplace does it. Allocates. Immutable.
 */
public final class RegexRewrite {
  private final Pattern pattern;
  private final String substitution;

  /** Literal pieces and group numbers in order; a piece is a String, a group an Integer. */
  private final List<Object> parts;

  /**
   * @throws IllegalArgumentException naming what is wrong with the substitution
   */
  public RegexRewrite(Pattern pattern, String substitution) {
    this.pattern = pattern;
    this.substitution = substitution;
    this.parts = split(pattern, substitution);
  }

  private static List<Object> split(Pattern pattern, String substitution) {
    List<Object> parts = new ArrayList<>();
    StringBuilder literal = new StringBuilder();
    int position = 0;
    while (position < substitution.length()) {
      char c = substitution.charAt(position++);
      if (c != '\\') {
        literal.append(c);
        continue;
      }
      char escaped = position < substitution.length() ? substitution.charAt(position++) : ' ';
      if (escaped == '\\') {
        literal.append('\\');
      } else if (escaped >= '0' && escaped <= '9') {
        if (escaped - '0' > pattern.groupCount()) {
          throw new IllegalArgumentException(
              "group \\" + escaped + " (expected: at most \\" + pattern.groupCount() + ")");
        }
        parts.add(literal.toString());
        literal.setLength(0);
        parts.add(escaped - '0');
      } else {
        throw new IllegalArgumentException("a backslash (expected: followed by a digit or \\)");
      }
    }
    parts.add(literal.toString());
    return List.copyOf(parts);
  }

  /** The text with every match replaced. */
  public String apply(String text) {
    Matcher matcher = pattern.matcher(text);
    StringBuilder out = new StringBuilder(text.length() + 16);
    int position = 0;
    int lastEnd = -1;
    while (position <= text.length() && matcher.find(position)) {
      out.append(text, position, matcher.start());
      if (matcher.start() == lastEnd && matcher.end() == matcher.start()) {
        // an empty match right behind the last match does not count
        if (position >= text.length()) {
          break;
        }
        out.append(text.charAt(matcher.start()));
        position = matcher.start() + 1;
        continue;
      }
      append(out, matcher);
      position = matcher.end();
      lastEnd = position;
    }
    if (position < text.length()) {
      out.append(text, position, text.length());
    }
    return out.toString();
  }

  private void append(StringBuilder out, Matcher matcher) {
    for (Object part : parts) {
      if (part instanceof Integer group) {
        String value = matcher.group(group);
        if (value != null) {
          out.append(value);
        }
      } else {
        out.append((String) part);
      }
    }
  }

  @Override
  public String toString() {
    return pattern.pattern() + " -> " + substitution;
  }
}
