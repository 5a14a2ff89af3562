package io.meltemi.proxy.bootstrap;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A value of a YAML or JSON document with its 1-based place. */
sealed interface Node {
  int line();

  int column();

  /** Keys in the order written. */
  record MapNode(Map<String, Entry> entries, int line, int column) implements Node {
    MapNode(int line, int column) {
      this(new LinkedHashMap<>(), line, column);
    }
  }

  /** A key's place and its value. */
  record Entry(int line, int column, Node value) {}

  record ListNode(List<Node> items, int line, int column) implements Node {}

  /**
   * @param plain true when it was written without quotes, so that {@code 1} may be a number
   */
  record Scalar(String text, boolean plain, int line, int column) implements Node {
    /** True for {@code null}, {@code ~} and nothing. */
    boolean isNull() {
      return plain
          && (text.isEmpty() || text.equals("~") || text.equals("null") || text.equals("Null"));
    }
  }
}
