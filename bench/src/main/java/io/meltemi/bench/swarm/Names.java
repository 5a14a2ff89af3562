package io.meltemi.bench.swarm;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Numbers for the names of one type, so that a thousand sidecars with a thousand resources each
 * remember numbers and no text. Belongs to an event loop.
 */
final class Names {
  private static final int SLOTS = 256;

  private final List<byte[]> names = new ArrayList<>();

  /** A name's number and one, at the place that its hash gives or the next free one. */
  private int[] slots = new int[SLOTS];

  /** The number of a name, counted from 0. */
  int number(byte[] bytes, int from, int to) {
    int slot = slot(slots, bytes, from, to);
    if (slots[slot] > 0) {
      return slots[slot] - 1;
    }
    names.add(Arrays.copyOfRange(bytes, from, to));
    slots[slot] = names.size();
    if (names.size() * 2 > slots.length) {
      grow();
    }
    return names.size() - 1;
  }

  private int slot(int[] table, byte[] bytes, int from, int to) {
    int slot = (int) Slices.hash(bytes, from, to) & (table.length - 1);
    while (table[slot] > 0 && !Slices.equal(bytes, from, to, names.get(table[slot] - 1))) {
      slot = (slot + 1) & (table.length - 1);
    }
    return slot;
  }

  private void grow() {
    int[] grown = new int[slots.length * 2];
    for (int i = 0; i < names.size(); i++) {
      byte[] name = names.get(i);
      grown[slot(grown, name, 0, name.length)] = i + 1;
    }
    slots = grown;
  }

  String text(int number) {
    return new String(names.get(number), StandardCharsets.UTF_8);
  }
}
