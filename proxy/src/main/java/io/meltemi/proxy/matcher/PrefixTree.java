package io.meltemi.proxy.matcher;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Numbers by literal prefixes: a radix tree over bytes, laid out in arrays, the children of a node
 * side by side and sorted by their first byte. Also holds suffixes, read backwards. One walk along
 * a text meets every prefix of it. Immutable.
 */
final class PrefixTree {
  private static final int ABSENT = ByteTable.ABSENT;
  private static final int[][] NONE = {};

  private final boolean fold;
  private final boolean backwards;
  private final byte[] labels;
  private final int[] labelStart;
  private final int[] firstChild;
  private final int[] values;

  /**
   * @param entries to any number but {@link #ABSENT}; all patterns ignore case or none does
   * @param backwards whether the patterns are suffixes
   */
  PrefixTree(Map<BytePattern, Integer> entries, boolean backwards) {
    this.backwards = backwards;
    this.fold = !entries.isEmpty() && entries.keySet().iterator().next().ignoreCase();
    List<Key> keys = new ArrayList<>(entries.size());
    entries.forEach(
        (pattern, value) -> {
          if (pattern.ignoreCase() != fold) {
            throw new IllegalArgumentException(pattern + " (expected: patterns of one kind)");
          }
          keys.add(new Key(backwards ? reversed(pattern.bytes()) : pattern.bytes(), value));
        });
    keys.sort((a, b) -> Arrays.compareUnsigned(a.bytes, b.bytes));
    Layout layout = new Layout(keys);
    this.labels = Arrays.copyOf(layout.labels, layout.labelBytes);
    this.labelStart = Arrays.copyOf(layout.labelStart, layout.nodes + 1);
    this.firstChild = Arrays.copyOf(layout.firstChild, layout.nodes + 1);
    this.values = Arrays.copyOf(layout.values, layout.nodes);
  }

  /** What is filed, in the direction of the walk. */
  private static final class Key {
    private final byte[] bytes;
    private final int value;

    Key(byte[] bytes, int value) {
      this.bytes = bytes;
      this.value = value;
    }
  }

  /** Part of the sorted keys that goes under one node, and how many bytes are above it. */
  private record Part(int from, int to, int depth) {}

  /** Writes the nodes level by level, so that siblings get numbers in a row. */
  private static final class Layout {
    private byte[] labels = new byte[64];
    private int labelBytes;
    private int[] labelStart = new int[16];
    private int[] firstChild = new int[16];
    private int[] values = new int[16];
    private int nodes;

    Layout(List<Key> keys) {
      List<Part> parts = new ArrayList<>();
      parts.add(new Part(0, keys.size(), 0));
      for (int i = 0; i < parts.size(); i++) {
        add(keys, parts.get(i), i == 0, parts);
      }
      ensureRoom();
      labelStart[nodes] = labelBytes;
      firstChild[nodes] = nodes;
    }

    private void add(List<Key> keys, Part part, boolean root, List<Part> parts) {
      ensureRoom();
      int depth = part.depth;
      int from = part.from;
      int common = 0;
      if (!root) {
        byte[] first = keys.get(from).bytes;
        byte[] last = keys.get(part.to - 1).bytes;
        int mismatch = Arrays.mismatch(first, depth, first.length, last, depth, last.length);
        common = mismatch < 0 ? first.length - depth : mismatch;
        write(first, depth, common);
      } else {
        labelStart[nodes] = 0;
      }
      depth += common;
      values[nodes] = ABSENT;
      if (from < part.to && keys.get(from).bytes.length == depth) {
        values[nodes] = keys.get(from).value;
        from++;
      }
      firstChild[nodes] = parts.size();
      nodes++;
      while (from < part.to) {
        byte branch = keys.get(from).bytes[depth];
        int to = from + 1;
        while (to < part.to && keys.get(to).bytes[depth] == branch) {
          to++;
        }
        parts.add(new Part(from, to, depth));
        from = to;
      }
    }

    private void write(byte[] bytes, int start, int length) {
      labelStart[nodes] = labelBytes;
      if (labels.length - labelBytes < length) {
        labels = Arrays.copyOf(labels, Math.max(labels.length * 2, labelBytes + length));
      }
      System.arraycopy(bytes, start, labels, labelBytes, length);
      labelBytes += length;
    }

    private void ensureRoom() {
      if (nodes + 1 >= values.length) {
        labelStart = Arrays.copyOf(labelStart, values.length * 2);
        firstChild = Arrays.copyOf(firstChild, values.length * 2);
        values = Arrays.copyOf(values, values.length * 2);
      }
    }
  }

  private static byte[] reversed(byte[] bytes) {
    byte[] turned = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      turned[i] = bytes[bytes.length - 1 - i];
    }
    return turned;
  }

  /** Whether any entry is a prefix (or suffix) of the text. */
  boolean holdsAny(byte[] array, int start, int length) {
    return walk(array, start, length, null, NONE);
  }

  /**
   * Adds the rules of all entries that are a prefix (or suffix) of the text.
   *
   * @param shared lists of rules; a number below 0 is the complement of a place among them
   */
  void collect(byte[] array, int start, int length, RuleCandidates out, int[][] shared) {
    walk(array, start, length, out, shared);
  }

  private boolean walk(
      byte[] array, int start, int length, @Nullable RuleCandidates out, int[][] shared) {
    int node = 0;
    int at = 0;
    while (true) {
      int value = values[node];
      if (value != ABSENT) {
        if (out == null) {
          return true;
        }
        if (value >= 0) {
          out.add(value);
        } else {
          out.addAll(shared[~value]);
        }
      }
      if (at == length) {
        return false;
      }
      node = child(node, byteAt(array, start, length, at));
      if (node < 0) {
        return false;
      }
      int labelEnd = labelStart[node + 1];
      int label = labelStart[node] + 1;
      at++;
      if (length - at < labelEnd - label) {
        return false;
      }
      for (; label < labelEnd; label++, at++) {
        if (labels[label] != byteAt(array, start, length, at)) {
          return false;
        }
      }
    }
  }

  private byte byteAt(byte[] array, int start, int length, int at) {
    byte b = backwards ? array[start + length - 1 - at] : array[start + at];
    return fold ? BytePattern.lower(b) : b;
  }

  private int child(int node, byte branch) {
    int low = firstChild[node];
    int high = firstChild[node + 1] - 1;
    int wanted = branch & 0xFF;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int found = labels[labelStart[middle]] & 0xFF;
      if (found == wanted) {
        return middle;
      }
      if (found < wanted) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -1;
  }
}
