package io.meltemi.proxy.matcher;

import java.util.Map;

/**
 * Numbers by literal bytes: open addressing with linear probing, at most half full. Looked up with
 * a range of an array and without allocation, optionally whatever its ASCII case. Keeps the arrays
 * of the patterns it was made from. Immutable.
 */
public final class ByteTable {
  /** What {@link #get} answers when there is no such key. */
  public static final int ABSENT = Integer.MIN_VALUE;

  private static final byte[] EMPTY = {};

  private final byte[][] keys;
  private final int[] hashes;
  private final int[] values;
  private final int mask;
  private final boolean fold;

  /**
   * @param entries to any number but {@link #ABSENT}; all patterns ignore case or none does
   */
  public ByteTable(Map<BytePattern, Integer> entries) {
    int capacity = Integer.highestOneBit(Math.max(1, entries.size())) * 4;
    this.mask = capacity - 1;
    this.keys = new byte[capacity][];
    this.hashes = new int[capacity];
    this.values = new int[capacity];
    this.fold = !entries.isEmpty() && entries.keySet().iterator().next().ignoreCase();
    java.util.Arrays.fill(values, ABSENT);
    java.util.Arrays.fill(keys, EMPTY);
    entries.forEach(
        (pattern, value) -> {
          if (pattern.ignoreCase() != fold) {
            throw new IllegalArgumentException(pattern + " (expected: patterns of one kind)");
          }
          byte[] key = pattern.bytes();
          int hash = hash(key, 0, key.length);
          int slot = hash & mask;
          while (values[slot] != ABSENT) {
            slot = (slot + 1) & mask;
          }
          keys[slot] = key;
          hashes[slot] = hash;
          values[slot] = value;
        });
  }

  /** The number of that key, or {@link #ABSENT}. */
  public int get(byte[] array, int start, int length) {
    int hash = fold ? foldedHash(array, start, length) : hash(array, start, length);
    int slot = hash & mask;
    int value = values[slot];
    while (value != ABSENT) {
      if (hashes[slot] == hash && same(keys[slot], array, start, length)) {
        return value;
      }
      slot = (slot + 1) & mask;
      value = values[slot];
    }
    return ABSENT;
  }

  private boolean same(byte[] key, byte[] array, int start, int length) {
    if (key.length != length) {
      return false;
    }
    if (!fold) {
      return java.util.Arrays.equals(array, start, start + length, key, 0, length);
    }
    for (int i = 0; i < length; i++) {
      if (key[i] != BytePattern.lower(array[start + i])) {
        return false;
      }
    }
    return true;
  }

  private static int hash(byte[] array, int start, int length) {
    int hash = 0;
    for (int i = start; i < start + length; i++) {
      hash = 31 * hash + array[i];
    }
    return hash ^ (hash >>> 15);
  }

  private static int foldedHash(byte[] array, int start, int length) {
    int hash = 0;
    for (int i = start; i < start + length; i++) {
      hash = 31 * hash + BytePattern.lower(array[i]);
    }
    return hash ^ (hash >>> 15);
  }
}
