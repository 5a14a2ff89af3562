package io.meltemi.proxy.matcher;

import org.jspecify.annotations.Nullable;

/**
 * What every text that an RE2 expression matches as a whole begins with. Errs towards knowing
 * nothing: an index built on it may only ever let too many rules pass to the expression itself.
 */
final class RegexLiteral {
  private final String regex;
  private final StringBuilder literal = new StringBuilder();
  private int at;

  private RegexLiteral(String regex) {
    this.regex = regex;
  }

  /** The literal beginning, or the whole text; null when nothing is known. */
  static TextIndex.@Nullable Literal of(String regex) {
    return hasOuterAlternation(regex) ? null : new RegexLiteral(regex).scan();
  }

  /** Whether a bar may stand outside all groups; true when in doubt. */
  private static boolean hasOuterAlternation(String regex) {
    int depth = 0;
    int i = 0;
    while (i < regex.length()) {
      char c = regex.charAt(i);
      switch (c) {
        case '\\' -> {
          if (i + 1 < regex.length() && regex.charAt(i + 1) == 'Q') {
            return true;
          }
          i++;
        }
        case '[' -> {
          i = classEnd(regex, i);
          if (i < 0) {
            return true;
          }
        }
        case '(' -> depth++;
        case ')' -> depth--;
        case '|' -> {
          if (depth <= 0) {
            return true;
          }
        }
        default -> {
          // stands for itself or repeats something
        }
      }
      i++;
    }
    return false;
  }

  /** Where a character class ends; -1 when it is not a plain one. */
  private static int classEnd(String regex, int start) {
    int i = start + 1;
    if (i < regex.length() && regex.charAt(i) == '^') {
      i++;
    }
    if (i < regex.length() && regex.charAt(i) == ']') {
      i++;
    }
    for (; i < regex.length(); i++) {
      char c = regex.charAt(i);
      if (c == '[') {
        return -1;
      }
      if (c == '\\') {
        i++;
      } else if (c == ']') {
        return i;
      }
    }
    return -1;
  }

  private TextIndex.@Nullable Literal scan() {
    if (regex.startsWith("^")) {
      at++;
    }
    while (at < regex.length()) {
      char c = regex.charAt(at);
      if (c == '$' && at == regex.length() - 1) {
        return literal(TextIndex.Form.EXACT);
      }
      int consumed = consumed(c);
      if (consumed == 0) {
        return literal(TextIndex.Form.PREFIX);
      }
      at += consumed;
    }
    return literal(TextIndex.Form.EXACT);
  }

  /** Takes one literal character, unless it may be missing; tells its length in the regex. */
  private int consumed(char c) {
    char taken = c;
    int length = 1;
    if (c == '\\') {
      if (at + 1 == regex.length()) {
        return 0;
      }
      taken = regex.charAt(at + 1);
      length = 2;
      if (Character.isLetterOrDigit(taken) || taken == '_') {
        return 0;
      }
    } else if (".[]()*+?{}|^$".indexOf(c) >= 0) {
      return 0;
    }
    if (taken >= 128) {
      return 0;
    }
    int next = at + length;
    if (next < regex.length() && "*?{".indexOf(regex.charAt(next)) >= 0) {
      return 0;
    }
    literal.append(taken);
    return length;
  }

  private TextIndex.@Nullable Literal literal(TextIndex.Form form) {
    if (form == TextIndex.Form.PREFIX && literal.isEmpty()) {
      return null;
    }
    return new TextIndex.Literal(form, BytePattern.of(literal.toString(), false));
  }
}
