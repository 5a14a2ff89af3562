package io.meltemi.proxy.codec;

import org.jspecify.annotations.Nullable;

/**
 * One dynamic table (<a href="https://www.rfc-editor.org/rfc/rfc7541#section-2.3.2">RFC 7541
 * section 2.3.2</a>). The entries lie one behind the other in one array, in the text form of a
 * header block; that form takes less room than the 32 bytes an entry that the RFC reckons, so the
 * array never holds more than the capacity. Memory is taken with the first entry.
 *
 * <p>Entries are numbered from 0 in the order of their coming ("ordinal"); an entry is alive from
 * {@link #oldest} to {@link #next}, exclusive. On the wire the newest is 1.
 */
final class HpackDynamicTable {
  private static final int ENTRY_OVERHEAD = 32;
  private static final int TEXT_OVERHEAD = 4;
  private static final int STRIDE = 5;
  private static final int AT = 0;
  private static final int NAME_LENGTH = 1;
  private static final int VALUE_LENGTH = 2;
  private static final int HASH = 3;
  private static final int TAG = 4;
  private static final byte[] NONE = {};
  private static final int[] NO_SLOTS = {};

  private int capacity;
  private int size;
  private byte[] bytes = NONE;
  private int[] slots = NO_SLOTS;
  private int mask;

  /** Entries and places count on and on; a place in the array is its number less the base. */
  private int base;

  private int head;
  private int tail;
  private int oldest;
  private int next;

  HpackDynamicTable(int capacity) {
    this.capacity = capacity;
  }

  int capacity() {
    return capacity;
  }

  /** Number of entries. */
  int count() {
    return next - oldest;
  }

  /** As the RFC reckons it. */
  int size() {
    return size;
  }

  /** The number that the next entry gets. */
  int next() {
    return next;
  }

  boolean isAlive(int ordinal) {
    return next - ordinal > 0 && ordinal - oldest >= 0;
  }

  byte[] array() {
    return bytes;
  }

  private int slot(int ordinal) {
    return (ordinal & mask) * STRIDE;
  }

  int start(int ordinal) {
    return slots[slot(ordinal) + AT] - base;
  }

  int nameLength(int ordinal) {
    return slots[slot(ordinal) + NAME_LENGTH];
  }

  int valueLength(int ordinal) {
    return slots[slot(ordinal) + VALUE_LENGTH];
  }

  int hash(int ordinal) {
    return slots[slot(ordinal) + HASH];
  }

  /** What was kept with the entry. */
  int tag(int ordinal) {
    return slots[slot(ordinal) + TAG];
  }

  void capacity(int newCapacity) {
    capacity = newCapacity;
    evict(newCapacity);
  }

  private void evict(int sizeMax) {
    while (size > sizeMax) {
      int slot = slot(oldest);
      int text = slots[slot + NAME_LENGTH] + slots[slot + VALUE_LENGTH];
      size -= text + ENTRY_OVERHEAD;
      head += text + TEXT_OVERHEAD;
      oldest++;
    }
    if (size == 0) {
      head = tail;
    }
  }

  /**
   * Adds an entry; one that is larger than the table only empties it.
   *
   * @param name array of the name, not this table's own
   * @param tag kept with the entry
   * @return whether it was added
   */
  boolean add(
      int hash,
      byte[] name,
      int nameStart,
      int nameLength,
      byte[] value,
      int valueStart,
      int valueLength,
      int tag) {
    int entry = nameLength + valueLength + ENTRY_OVERHEAD;
    if (entry > capacity) {
      evict(0);
      return false;
    }
    evict(capacity - entry);
    int text = nameLength + valueLength + TEXT_OVERHEAD;
    room(text);
    if (count() * STRIDE == slots.length) {
      growSlots();
    }
    int at = tail - base;
    System.arraycopy(name, nameStart, bytes, at, nameLength);
    bytes[at + nameLength] = ':';
    bytes[at + nameLength + 1] = ' ';
    int end = at + nameLength + 2 + valueLength;
    System.arraycopy(value, valueStart, bytes, end - valueLength, valueLength);
    bytes[end] = '\r';
    bytes[end + 1] = '\n';
    int slot = slot(next);
    slots[slot + AT] = tail;
    slots[slot + NAME_LENGTH] = nameLength;
    slots[slot + VALUE_LENGTH] = valueLength;
    slots[slot + HASH] = hash;
    slots[slot + TAG] = tag;
    tail += text;
    size += entry;
    next++;
    return true;
  }

  /** Makes room behind the newest entry: by moving all to the front, or by a larger array. */
  private void room(int count) {
    if (tail - base + count <= bytes.length) {
      return;
    }
    int live = tail - head;
    byte @Nullable [] target = null;
    if (live + count > bytes.length / 2) {
      target = new byte[Math.max(512, Math.max(bytes.length * 2, (live + count) * 2))];
    }
    byte[] to = target == null ? bytes : target;
    System.arraycopy(bytes, head - base, to, 0, live);
    bytes = to;
    base = head;
  }

  private void growSlots() {
    int[] old = slots;
    int oldMask = mask;
    int entries = Math.max(8, old.length / STRIDE * 2);
    slots = new int[entries * STRIDE];
    mask = entries - 1;
    for (int i = oldest; i != next; i++) {
      System.arraycopy(old, (i & oldMask) * STRIDE, slots, (i & mask) * STRIDE, STRIDE);
    }
  }
}
