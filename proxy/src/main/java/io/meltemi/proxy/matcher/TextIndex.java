package io.meltemi.proxy.matcher;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which rules of a numbered list ask for which literals of one text, such as a path or a header:
 * hash tables for whole texts, radix trees for prefixes and suffixes, each for both kinds of case.
 * Looking up costs the length of the text, however many rules there are. Immutable.
 */
public final class TextIndex {
  /** How a literal has to stand in the text. */
  public enum Form {
    EXACT,
    PREFIX,
    SUFFIX
  }

  /**
   * A literal that a text must hold.
   *
   * @param form where
   */
  public record Literal(Form form, BytePattern pattern) {
    /** What a text must hold to satisfy the matcher; null when it is not known. */
    public static @Nullable Literal of(StringMatcher matcher) {
      return switch (matcher) {
        case StringMatcher.Exact(BytePattern pattern) -> new Literal(Form.EXACT, pattern);
        case StringMatcher.Prefix(BytePattern pattern) -> new Literal(Form.PREFIX, pattern);
        case StringMatcher.Suffix(BytePattern pattern) -> new Literal(Form.SUFFIX, pattern);
        case StringMatcher.Contains _ -> null;
        case StringMatcher.SafeRegex(var pattern) -> RegexLiteral.of(pattern.pattern());
      };
    }
  }

  /** Collects what the index is to hold. */
  public static final class Builder {
    private final List<Map<BytePattern, List<Integer>>> parts = new ArrayList<>();

    public Builder() {
      for (int i = 0; i < PARTS; i++) {
        parts.add(new HashMap<>());
      }
    }

    /** The rule asks for the literal; rules come in ascending order. */
    public void add(Literal literal, int rule) {
      int part = literal.form().ordinal() * 2 + (literal.pattern().ignoreCase() ? 1 : 0);
      List<Integer> rules =
          parts.get(part).computeIfAbsent(literal.pattern(), _ -> new ArrayList<>(1));
      if (rules.isEmpty() || rules.getLast() != rule) {
        rules.add(rule);
      }
    }

    public TextIndex build() {
      return new TextIndex(this);
    }
  }

  private static final int PARTS = 6;

  private final @Nullable ByteTable exact;
  private final @Nullable ByteTable exactFolded;
  private final @Nullable PrefixTree prefixes;
  private final @Nullable PrefixTree prefixesFolded;
  private final @Nullable PrefixTree suffixes;
  private final @Nullable PrefixTree suffixesFolded;

  /** Rules of literals that several ask for; a number below 0 is the complement of a place here. */
  private final int[][] shared;

  private TextIndex(Builder builder) {
    List<int[]> lists = new ArrayList<>();
    this.exact = table(builder, 0, lists);
    this.exactFolded = table(builder, 1, lists);
    this.prefixes = tree(builder, 2, false, lists);
    this.prefixesFolded = tree(builder, 3, false, lists);
    this.suffixes = tree(builder, 4, true, lists);
    this.suffixesFolded = tree(builder, 5, true, lists);
    this.shared = lists.toArray(int[][]::new);
  }

  private static @Nullable ByteTable table(Builder builder, int part, List<int[]> lists) {
    Map<BytePattern, Integer> entries = numbers(builder.parts.get(part), lists);
    return entries.isEmpty() ? null : new ByteTable(entries);
  }

  private static @Nullable PrefixTree tree(
      Builder builder, int part, boolean backwards, List<int[]> lists) {
    Map<BytePattern, Integer> entries = numbers(builder.parts.get(part), lists);
    return entries.isEmpty() ? null : new PrefixTree(entries, backwards);
  }

  private static Map<BytePattern, Integer> numbers(
      Map<BytePattern, List<Integer>> rules, List<int[]> lists) {
    Map<BytePattern, Integer> numbers = HashMap.newHashMap(rules.size());
    rules.forEach(
        (pattern, of) -> {
          if (of.size() == 1) {
            numbers.put(pattern, of.getFirst());
          } else {
            numbers.put(pattern, ~lists.size());
            lists.add(of.stream().mapToInt(Integer::intValue).toArray());
          }
        });
    return numbers;
  }

  /** Adds every rule that asks for a literal which the text holds. */
  public void collect(byte[] array, int start, int length, RuleCandidates out) {
    if (exact != null) {
      add(exact.get(array, start, length), out);
    }
    if (exactFolded != null) {
      add(exactFolded.get(array, start, length), out);
    }
    if (prefixes != null) {
      prefixes.collect(array, start, length, out, shared);
    }
    if (prefixesFolded != null) {
      prefixesFolded.collect(array, start, length, out, shared);
    }
    if (suffixes != null) {
      suffixes.collect(array, start, length, out, shared);
    }
    if (suffixesFolded != null) {
      suffixesFolded.collect(array, start, length, out, shared);
    }
  }

  private void add(int number, RuleCandidates out) {
    if (number >= 0) {
      out.add(number);
    } else if (number != ByteTable.ABSENT) {
      out.addAll(shared[~number]);
    }
  }

  /** Whether the text holds any of the literals. */
  public boolean holdsAny(byte[] array, int start, int length) {
    return (exact != null && exact.get(array, start, length) != ByteTable.ABSENT)
        || (exactFolded != null && exactFolded.get(array, start, length) != ByteTable.ABSENT)
        || (prefixes != null && prefixes.holdsAny(array, start, length))
        || (prefixesFolded != null && prefixesFolded.holdsAny(array, start, length))
        || (suffixes != null && suffixes.holdsAny(array, start, length))
        || (suffixesFolded != null && suffixesFolded.holdsAny(array, start, length));
  }
}
