package io.meltemi.proxy.matcher;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Which rules ask for which literals of one header. Immutable. Allocates only for a header with
 * several values.
 */
public record HeaderIndex(HeaderName name, TextIndex values) {
  private static final byte[] EMPTY = {};

  /** What the header must hold to satisfy the matcher; null when that is not one literal. */
  public static TextIndex.@Nullable Literal literal(HeaderMatcher matcher) {
    if (matcher.invert()) {
      return null;
    }
    return switch (matcher.test()) {
      case HeaderMatcher.Test.Value(StringMatcher value) -> TextIndex.Literal.of(value);
      case HeaderMatcher.Test.Present(boolean expected) ->
          expected ? new TextIndex.Literal(TextIndex.Form.PREFIX, BytePattern.of("", false)) : null;
      case HeaderMatcher.Test.Range _ -> null;
    };
  }

  /** Adds every rule whose literal the header holds; an absent header counts as empty. */
  public void collect(HeaderBlock headers, RuleCandidates out) {
    int index = headers.find(name);
    if (index < 0) {
      values.collect(EMPTY, 0, 0, out);
    } else if (headers.findNext(name, index) < 0) {
      values.collect(headers.array(), headers.valueStart(index), headers.valueLength(index), out);
    } else {
      byte[] joined = HeaderMatcher.joined(headers, name).getBytes(StandardCharsets.ISO_8859_1);
      values.collect(joined, 0, joined.length, out);
    }
  }
}
