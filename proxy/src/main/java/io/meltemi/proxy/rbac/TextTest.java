package io.meltemi.proxy.rbac;

import io.meltemi.proxy.matcher.RuleCandidates;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.matcher.TextIndex;
import java.util.ArrayList;
import java.util.List;

/** A question about a text. */
interface TextTest {
  /** Whether it holds for that range of bytes, which lies in the array. */
  boolean test(byte[] array, int start, int length);

  /** One matcher. */
  record One(StringMatcher matcher) implements TextTest {
    @Override
    public boolean test(byte[] array, int start, int length) {
      return matcher.matches(array, start, length);
    }

    @Override
    public String toString() {
      return matcher.toString();
    }
  }

  /**
   * Any of many matchers.
   *
   * @param literals holds those that are nothing but a literal
   * @param filed holds, by their place in {@code others}, expressions that begin with a literal
   * @param others expressions, tried one after the other
   * @param unfiled places of the others that nothing rules out
   * @param size how many there are together
   */
  record Many(
      TextIndex literals,
      TextIndex filed,
      List<StringMatcher> others,
      List<Integer> unfiled,
      int size)
      implements TextTest {
    public Many {
      others = List.copyOf(others);
      unfiled = List.copyOf(unfiled);
    }

    static Many of(List<StringMatcher> matchers) {
      TextIndex.Builder literals = new TextIndex.Builder();
      TextIndex.Builder filed = new TextIndex.Builder();
      List<StringMatcher> others = new ArrayList<>();
      List<Integer> unfiled = new ArrayList<>();
      for (StringMatcher matcher : matchers) {
        TextIndex.Literal literal = TextIndex.Literal.of(matcher);
        boolean judged =
            matcher instanceof StringMatcher.SafeRegex || matcher instanceof StringMatcher.Contains;
        if (literal != null && !judged) {
          literals.add(literal, 0);
          continue;
        }
        if (literal != null) {
          filed.add(literal, others.size());
        } else {
          unfiled.add(others.size());
        }
        others.add(matcher);
      }
      return new Many(literals.build(), filed.build(), others, unfiled, matchers.size());
    }

    @Override
    public boolean test(byte[] array, int start, int length) {
      if (literals.holdsAny(array, start, length)) {
        return true;
      }
      for (int i = 0; i < unfiled.size(); i++) {
        if (others.get(unfiled.get(i)).matches(array, start, length)) {
          return true;
        }
      }
      return unfiled.size() < others.size() && testFiled(array, start, length);
    }

    private boolean testFiled(byte[] array, int start, int length) {
      RuleCandidates candidates = RuleCandidates.borrow(others.size());
      try {
        filed.collect(array, start, length, candidates);
        for (int i = candidates.next(); i >= 0; i = candidates.next()) {
          if (others.get(i).matches(array, start, length)) {
            return true;
          }
        }
        return false;
      } finally {
        candidates.release();
      }
    }

    @Override
    public String toString() {
      return "any of " + size;
    }
  }
}
