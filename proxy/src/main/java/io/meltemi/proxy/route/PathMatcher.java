package io.meltemi.proxy.route;

import com.google.re2j.Pattern;
import io.meltemi.proxy.matcher.BytePattern;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.matcher.TextIndex;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What a route asks of the path, which is compared without its query. */
public sealed interface PathMatcher {
  boolean matches(byte[] array, int start, int length);

  /** What a path must hold to match; null when it is not known. */
  TextIndex.@Nullable Literal literal();

  /**
   * How much of a path that matched a prefix rewrite replaces.
   *
   * @param pathLength length of the path without query
   */
  default int matchedLength(int pathLength) {
    return pathLength;
  }

  record Exact(BytePattern path) implements PathMatcher {
    @Override
    public boolean matches(byte[] array, int start, int length) {
      return path.equalsRange(array, start, length);
    }

    @Override
    public TextIndex.@Nullable Literal literal() {
      return new TextIndex.Literal(TextIndex.Form.EXACT, path);
    }

    @Override
    public String toString() {
      return "path " + path;
    }
  }

  /** No path at all: a CONNECT request; see {@link RouteTable#match}. */
  record Connect() implements PathMatcher {
    static final Connect INSTANCE = new Connect();

    @Override
    public boolean matches(byte[] array, int start, int length) {
      return false;
    }

    @Override
    public TextIndex.@Nullable Literal literal() {
      return null;
    }

    @Override
    public String toString() {
      return "connect_matcher";
    }
  }

  record Prefix(BytePattern prefix) implements PathMatcher {
    @Override
    public boolean matches(byte[] array, int start, int length) {
      return prefix.isPrefixOf(array, start, length);
    }

    @Override
    public int matchedLength(int pathLength) {
      return prefix.length();
    }

    @Override
    public TextIndex.@Nullable Literal literal() {
      return new TextIndex.Literal(TextIndex.Form.PREFIX, prefix);
    }

    @Override
    public String toString() {
      return "prefix " + prefix;
    }
  }

  /** A prefix that ends at the path's end or before a slash. */
  record SeparatedPrefix(BytePattern prefix) implements PathMatcher {
    @Override
    public boolean matches(byte[] array, int start, int length) {
      return prefix.isPrefixOf(array, start, length)
          && (length == prefix.length() || array[start + prefix.length()] == '/');
    }

    @Override
    public int matchedLength(int pathLength) {
      return prefix.length();
    }

    @Override
    public TextIndex.@Nullable Literal literal() {
      return new TextIndex.Literal(TextIndex.Form.PREFIX, prefix);
    }

    @Override
    public String toString() {
      return "path_separated_prefix " + prefix;
    }
  }

  /** A regular expression over the whole path. Allocates. */
  record Regex(Pattern pattern) implements PathMatcher {
    @Override
    public boolean matches(byte[] array, int start, int length) {
      return pattern.matches(new String(array, start, length, StandardCharsets.UTF_8));
    }

    @Override
    public TextIndex.@Nullable Literal literal() {
      return TextIndex.Literal.of(new StringMatcher.SafeRegex(pattern));
    }

    @Override
    public String toString() {
      return "safe_regex " + pattern.pattern();
    }
  }
}
