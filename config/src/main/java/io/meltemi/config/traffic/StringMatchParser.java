package io.meltemi.config.traffic;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.meltemi.config.yaml.ObjectReader;
import java.util.Optional;

/** Reads string matches; a regular expression must compile as RE2. */
public final class StringMatchParser {
  private static final int REGEX_CHARS_MAX = 1024;

  private StringMatchParser() {}

  /**
   * Reads a match that may have nothing set.
   *
   * @param emptyPrefix whether an empty prefix is allowed
   */
  public static Optional<StringMatch> parse(ObjectReader reader, boolean emptyPrefix) {
    Optional<String> exact = reader.optionalString("exact");
    Optional<String> prefix = reader.optionalString("prefix");
    Optional<String> regex = reader.optionalString("regex");
    int set =
        (exact.isPresent() ? 1 : 0) + (prefix.isPresent() ? 1 : 0) + (regex.isPresent() ? 1 : 0);
    if (set > 1) {
      reader.error("", "several kinds of match", "one of exact, prefix, regex");
    }
    if (exact.isPresent()) {
      return Optional.of(new StringMatch.Exact(exact.get()));
    }
    if (prefix.isPresent()) {
      if (prefix.get().isEmpty() && !emptyPrefix) {
        reader.error("prefix", "\"\"", "at least one character");
      }
      return Optional.of(new StringMatch.Prefix(prefix.get()));
    }
    if (regex.isPresent()) {
      checkRegex(reader, "regex", regex.get());
      return Optional.of(new StringMatch.Regex(regex.get()));
    }
    return Optional.empty();
  }

  /** Reads a match of a header or parameter, of which an empty one asks for presence. */
  public static StringMatch parsePresence(ObjectReader reader) {
    Optional<String> regex = reader.optionalString("regex");
    Optional<String> exact = reader.optionalString("exact");
    if (regex.isPresent() && regex.get().equals("*") && exact.isEmpty() && !reader.has("prefix")) {
      return new StringMatch.Present();
    }
    StringMatch match = parse(reader, false).orElse(new StringMatch.Present());
    return match.equals(new StringMatch.Exact("")) ? new StringMatch.Present() : match;
  }

  /** Reads a match of a query parameter: empty text is a value like any other. */
  public static StringMatch parseQuery(ObjectReader reader) {
    return parse(reader, false).orElse(new StringMatch.Present());
  }

  /** Checks that a field holds an RE2 expression of bearable size. */
  public static void checkRegex(ObjectReader reader, String field, String regex) {
    if (regex.isEmpty()) {
      reader.error(field, "\"\"", "a regular expression");
    } else if (regex.length() > REGEX_CHARS_MAX) {
      reader.error(
          field, regex.length() + " characters", "at most " + REGEX_CHARS_MAX + " characters");
    } else {
      try {
        Pattern.compile(regex);
      } catch (PatternSyntaxException e) {
        reader.error(
            field, '"' + regex + '"', "a regular expression of RE2 syntax; " + e.getDescription());
      }
    }
  }
}
