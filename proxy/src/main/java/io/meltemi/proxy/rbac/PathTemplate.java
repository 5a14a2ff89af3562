package io.meltemi.proxy.rbac;

import com.google.re2j.Pattern;
import io.meltemi.proxy.parse.ParseScope;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Path templates such as <code>/users/{id}/files/**</code> as RE2 expressions: {@code *} stands for
 * one segment, {@code **} for any rest. See
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/path/match/uri_template/v3/uri_template_match.proto
 */
final class PathTemplate {
  /** Characters of a segment (RFC 3986, without equals and asterisk). */
  private static final String LITERAL = "-a-zA-Z0-9._~%!$&'()+,;:@";

  private static final Pattern LITERALS = Pattern.compile("[" + LITERAL + "]+");
  private static final Pattern VARIABLE = Pattern.compile("[a-zA-Z][a-zA-Z0-9_]{0,15}");
  private static final int BYTES_MAX = 256;
  private static final int VARIABLES_MAX = 5;

  /** What is wrong with a template. */
  private static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;

    Malformed(String expected) {
      super(expected);
    }
  }

  private final StringBuilder regex = new StringBuilder();
  private final Set<String> variables = new HashSet<>();
  private boolean rest;

  private PathTemplate() {}

  /** The expression that a path must match as a whole; empty, with an error, when malformed. */
  static Optional<Pattern> parse(String template, ParseScope scope) {
    try {
      if (!template.startsWith("/") || template.length() > BYTES_MAX) {
        throw new Malformed("a slash first, at most " + BYTES_MAX + " characters");
      }
      PathTemplate made = new PathTemplate();
      made.path(template.substring(1));
      return Optional.of(Pattern.compile(made.regex.toString()));
    } catch (Malformed e) {
      scope.error(template, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private void path(String text) throws Malformed {
    String left = text;
    regex.append('/');
    while (!left.isEmpty()) {
      left = segment(left);
      if (left.isEmpty()) {
        return;
      }
      if (left.startsWith("/")) {
        regex.append('/');
        left = left.substring(1);
      } else {
        // a suffix behind an operator or a variable, which ends the template
        literal(left);
        return;
      }
    }
  }

  /** Takes one segment; returns what is left. */
  private String segment(String text) throws Malformed {
    if (text.startsWith("*")) {
      return operator(text);
    }
    if (!text.startsWith("{")) {
      int end = text.indexOf('/');
      literal(end < 0 ? text : text.substring(0, end));
      return end < 0 ? "" : text.substring(end);
    }
    int end = text.indexOf('}');
    if (end < 0) {
      throw new Malformed("a closing brace for each opening one");
    }
    String inside = text.substring(1, end);
    int equals = inside.indexOf('=');
    String name = equals < 0 ? inside : inside.substring(0, equals);
    if (!VARIABLE.matches(name) || !variables.add(name) || variables.size() > VARIABLES_MAX) {
      throw new Malformed(
          "at most "
              + VARIABLES_MAX
              + " variables, each named once by a letter and up to 15 letters, digits or _");
    }
    if (equals < 0) {
      operator("*");
    } else {
      variable(inside.substring(equals + 1));
    }
    return text.substring(end + 1);
  }

  private void variable(String pattern) throws Malformed {
    List<String> parts = new ArrayList<>(List.of(pattern.split("/", -1)));
    for (int i = 0; i < parts.size(); i++) {
      if (i > 0) {
        regex.append('/');
      }
      String part = parts.get(i);
      if (part.startsWith("*")) {
        if (!operator(part).isEmpty()) {
          throw new Malformed("* or ** alone in a segment of a variable");
        }
      } else {
        literal(part);
      }
    }
  }

  private String operator(String text) throws Malformed {
    if (rest) {
      throw new Malformed("** as the last operator");
    }
    if (text.startsWith("**")) {
      rest = true;
      regex.append('[').append(LITERAL).append("/]*");
      return text.substring(2);
    }
    regex.append('[').append(LITERAL).append("]+");
    return text.substring(1);
  }

  private void literal(String text) throws Malformed {
    if (!LITERALS.matches(text)) {
      throw new Malformed("segments of " + LITERAL + ", * or ** alone, and {variables}");
    }
    regex.append(Pattern.quote(text));
  }
}
