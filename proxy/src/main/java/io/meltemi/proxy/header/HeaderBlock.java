package io.meltemi.proxy.header;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The header fields of one message, or its trailers: one growing byte array and an index of
 * offsets. Names are lower case. Pseudo headers are ordinary entries. Reads allocate nothing;
 * writes allocate only when an array must grow. Reused through {@link #clear()}; not thread-safe.
 *
 * <p>Entries keep their order. An index is valid until the next {@link #remove}. The byte array is
 * valid until the next write.
 *
 * <p>Text form: each entry that was parsed in plain form, and each one written here, lies in the
 * array as {@code name: value\r\n}, so that an encoder can copy neighbouring entries in one piece;
 * see {@link #isContiguous(int)}.
 */
public final class HeaderBlock {
  private static final int STRIDE = 5;
  private static final int HASH = 0;
  private static final int NAME_START = 1;
  private static final int NAME_LENGTH = 2;
  private static final int VALUE_START = 3;
  private static final int VALUE_LENGTH = 4;
  private static final int INITIAL_BYTES = 2048;
  private static final int INITIAL_ENTRIES = 24;

  /** Kept over {@link #clear()}; a larger array is given back to the collector. */
  private static final int RETAINED_BYTES_MAX = 16 * 1024;

  private byte[] bytes = new byte[INITIAL_BYTES];
  private int length;
  private int[] slots = new int[INITIAL_ENTRIES * STRIDE];
  private int size;
  private @Nullable HeaderSpelling spelling;
  private boolean spelled;

  public HeaderBlock() {}

  /** Number of entries, pseudo headers included. */
  public int size() {
    return size;
  }

  public boolean isEmpty() {
    return size == 0;
  }

  /** Forgets every entry. */
  public void clear() {
    size = 0;
    length = 0;
    spelled = false;
    if (bytes.length > RETAINED_BYTES_MAX) {
      bytes = new byte[INITIAL_BYTES];
    }
  }

  /** How the names were written, where that is kept; null where it is not. */
  public @Nullable HeaderSpelling spelling() {
    return spelled ? spelling : null;
  }

  /**
   * Keeps how names are written from now on, until {@link #clear()}.
   *
   * @param otherNamesProper whether names that are not told have proper case
   */
  public HeaderSpelling spell(boolean otherNamesProper) {
    HeaderSpelling kept = spelling;
    if (kept == null) {
      kept = new HeaderSpelling();
      spelling = kept;
    }
    kept.begin(otherNamesProper);
    spelled = true;
    return kept;
  }

  /** Index of the first entry with the name, or -1. */
  public int find(HeaderName name) {
    return find(name, 0);
  }

  /** Index of the next entry with the name behind the given index, or -1. */
  public int findNext(HeaderName name, int after) {
    return find(name, after + 1);
  }

  private int find(HeaderName name, int from) {
    int hash = name.hash();
    int[] s = slots;
    int end = size * STRIDE;
    for (int at = from * STRIDE; at < end; at += STRIDE) {
      if (s[at] == hash && name.matches(bytes, s[at + NAME_START], s[at + NAME_LENGTH])) {
        return at / STRIDE;
      }
    }
    return -1;
  }

  public boolean contains(HeaderName name) {
    return find(name, 0) >= 0;
  }

  /** The array in which names and values lie; not to be written to by a reader. */
  public byte[] array() {
    return bytes;
  }

  public int nameStart(int index) {
    return slots[index * STRIDE + NAME_START];
  }

  public int nameLength(int index) {
    return slots[index * STRIDE + NAME_LENGTH];
  }

  public int valueStart(int index) {
    return slots[index * STRIDE + VALUE_START];
  }

  public int valueLength(int index) {
    return slots[index * STRIDE + VALUE_LENGTH];
  }

  /** The name's hash: {@code 31 * h + byte} from 0, which is that of the name as a String. */
  public int nameHash(int index) {
    return slots[index * STRIDE + HASH];
  }

  public boolean nameEquals(int index, HeaderName name) {
    return slots[index * STRIDE + HASH] == name.hash()
        && name.matches(bytes, nameStart(index), nameLength(index));
  }

  /** Whether the entry is a pseudo header. */
  public boolean isPseudo(int index) {
    return nameLength(index) > 0 && bytes[nameStart(index)] == ':';
  }

  public boolean valueEquals(int index, byte[] value) {
    int start = valueStart(index);
    return valueLength(index) == value.length
        && Arrays.equals(bytes, start, start + value.length, value, 0, value.length);
  }

  /** As {@link #valueEquals}, ASCII letters compared without case; {@code lower} is lower case. */
  public boolean valueEqualsIgnoreCase(int index, byte[] lower) {
    if (valueLength(index) != lower.length) {
      return false;
    }
    int start = valueStart(index);
    for (int i = 0; i < lower.length; i++) {
      int b = bytes[start + i];
      if (b >= 'A' && b <= 'Z') {
        b += 'a' - 'A';
      }
      if (b != lower[i]) {
        return false;
      }
    }
    return true;
  }

  /** The first value as text, ISO-8859-1; null when absent. Allocates: for cold paths. */
  public @Nullable String get(HeaderName name) {
    int index = find(name, 0);
    return index < 0 ? null : value(index);
  }

  /** The value of an entry as text. Allocates: for cold paths. */
  public String value(int index) {
    return new String(bytes, valueStart(index), valueLength(index), StandardCharsets.ISO_8859_1);
  }

  /** The name of an entry as text. Allocates: for cold paths. */
  public String name(int index) {
    return new String(bytes, nameStart(index), nameLength(index), StandardCharsets.ISO_8859_1);
  }

  /** Adds an entry at the end. */
  public void add(HeaderName name, byte[] value) {
    add(name, value, 0, value.length);
  }

  /** Adds an entry at the end; the value is copied. */
  public void add(HeaderName name, byte[] value, int start, int valueLength) {
    write(newSlot(), name.hash(), name.bytes(), 0, name.length(), value, start, valueLength);
  }

  /** Adds an entry at the end; the text must be ISO-8859-1. */
  public void add(HeaderName name, String value) {
    add(name, value.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Replaces every entry of the name by one with this value, at the place of the first. */
  public void set(HeaderName name, byte[] value) {
    set(name, value, 0, value.length);
  }

  /** Replaces every entry of the name by one with this value, at the place of the first. */
  public void set(HeaderName name, byte[] value, int start, int valueLength) {
    int index = find(name, 0);
    if (index < 0) {
      add(name, value, start, valueLength);
      return;
    }
    setValue(index, value, start, valueLength);
    int other = find(name, index + 1);
    while (other >= 0) {
      removeAt(other);
      other = find(name, other);
    }
  }

  /** Replaces every entry of the name by one with this value; the text must be ISO-8859-1. */
  public void set(HeaderName name, String value) {
    set(name, value.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** As {@link #set(HeaderName, byte[])} with a decimal number, without garbage. */
  public void setNumber(HeaderName name, long value) {
    int index = find(name, 0);
    if (index >= 0) {
      remove(name);
    }
    addNumber(name, value);
  }

  /** As {@link #add(HeaderName, byte[])} with a decimal number, without garbage. */
  public void addNumber(HeaderName name, long value) {
    if (value < 0) {
      add(name, Long.toString(value));
      return;
    }
    int digits = 1;
    for (long rest = value; rest >= 10; rest /= 10) {
      digits++;
    }
    int slot = newSlot();
    ensureRoom(name.length() + digits + 4);
    int at = beginEntry(slot, name.hash(), name.bytes(), 0, name.length());
    long rest = value;
    for (int i = digits - 1; i >= 0; i--) {
      bytes[at + i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    endEntry(slot, at, digits);
  }

  /** Replaces the value of one entry. The value must not lie in this block's own array. */
  public void setValue(int index, byte[] value, int start, int valueLength) {
    int slot = index * STRIDE;
    if (valueLength <= slots[slot + VALUE_LENGTH] && isPseudo(index)) {
      System.arraycopy(value, start, bytes, slots[slot + VALUE_START], valueLength);
      slots[slot + VALUE_LENGTH] = valueLength;
      return;
    }
    byte[] nameSource = bytes;
    write(
        slot,
        slots[slot + HASH],
        nameSource,
        slots[slot + NAME_START],
        slots[slot + NAME_LENGTH],
        value,
        start,
        valueLength);
  }

  /** Appends to the first entry of the name behind a comma, or adds the entry. */
  public void append(HeaderName name, byte[] value, int start, int valueLength) {
    int index = find(name, 0);
    if (index < 0) {
      add(name, value, start, valueLength);
      return;
    }
    int slot = index * STRIDE;
    int oldLength = slots[slot + VALUE_LENGTH];
    int joined = oldLength == 0 ? valueLength : oldLength + 1 + valueLength;
    ensureRoom(name.length() + joined + 4);
    int oldStart = slots[slot + VALUE_START];
    int at = beginEntry(slot, name.hash(), name.bytes(), 0, name.length());
    int to = at;
    if (oldLength > 0) {
      System.arraycopy(bytes, oldStart, bytes, to, oldLength);
      to += oldLength;
      bytes[to++] = ',';
    }
    System.arraycopy(value, start, bytes, to, valueLength);
    endEntry(slot, at, joined);
  }

  /** Removes every entry of the name; tells how many there were. */
  public int remove(HeaderName name) {
    int removed = 0;
    int index = find(name, 0);
    while (index >= 0) {
      removeAt(index);
      removed++;
      index = find(name, index);
    }
    return removed;
  }

  public void removeAt(int index) {
    int at = index * STRIDE;
    System.arraycopy(slots, at + STRIDE, slots, at, size * STRIDE - at - STRIDE);
    size--;
  }

  /** Becomes a copy of the other block, with names in lower case. */
  public void copyFrom(HeaderBlock other) {
    spelled = false;
    if (bytes.length < other.length) {
      bytes = new byte[other.bytes.length];
    }
    System.arraycopy(other.bytes, 0, bytes, 0, other.length);
    length = other.length;
    if (slots.length < other.size * STRIDE) {
      slots = new int[other.slots.length];
    }
    System.arraycopy(other.slots, 0, slots, 0, other.size * STRIDE);
    size = other.size;
  }

  /** Adds a copy of an entry of another block. */
  public void addFrom(HeaderBlock other, int index) {
    int at = index * STRIDE;
    write(
        newSlot(),
        other.slots[at + HASH],
        other.bytes,
        other.slots[at + NAME_START],
        other.slots[at + NAME_LENGTH],
        other.bytes,
        other.slots[at + VALUE_START],
        other.slots[at + VALUE_LENGTH]);
  }

  /**
   * Whether the text form of the entry, {@code name: value\r\n}, lies unbroken in {@link #array()}
   * from {@link #nameStart}. False for pseudo headers and for entries parsed in another form.
   */
  public boolean isContiguous(int index) {
    int slot = index * STRIDE;
    int end = slots[slot + VALUE_START] + slots[slot + VALUE_LENGTH];
    return slots[slot + VALUE_START] == slots[slot + NAME_START] + slots[slot + NAME_LENGTH] + 2
        && end + 1 < length
        && bytes[slots[slot + VALUE_START] - 1] == ' '
        && bytes[end] == '\r'
        && bytes[slots[slot + NAME_START]] != ':';
  }

  /* For a codec, which parses in place: it reserves room, fills the array and declares entries. */

  /** Bytes in use in the array. */
  public int rawLength() {
    return length;
  }

  /** Makes room for so many bytes behind {@link #rawLength()} and returns the array. */
  public byte[] reserve(int count) {
    ensureRoom(count);
    return bytes;
  }

  /** Declares the array to be in use up to the given length. */
  public void rawLength(int newLength) {
    length = newLength;
  }

  /**
   * Declares an entry over bytes already in the array.
   *
   * @param hash of the lower-case name: {@code 31 * h + byte} from 0
   */
  public void addRaw(int hash, int nameStart, int nameLength, int valueStart, int valueLength) {
    int slot = newSlot();
    int[] s = slots;
    s[slot + HASH] = hash;
    s[slot + NAME_START] = nameStart;
    s[slot + NAME_LENGTH] = nameLength;
    s[slot + VALUE_START] = valueStart;
    s[slot + VALUE_LENGTH] = valueLength;
  }

  /** Points the value of an entry at bytes already in the array. */
  public void setRawValue(int index, int valueStart, int valueLength) {
    slots[index * STRIDE + VALUE_START] = valueStart;
    slots[index * STRIDE + VALUE_LENGTH] = valueLength;
  }

  private int newSlot() {
    int slot = size * STRIDE;
    if (slot == slots.length) {
      slots = Arrays.copyOf(slots, slots.length * 2);
    }
    size++;
    return slot;
  }

  private void ensureRoom(int count) {
    if (bytes.length - length < count) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + count));
    }
  }

  private void write(
      int slot,
      int hash,
      byte[] nameSource,
      int nameStart,
      int nameLength,
      byte[] value,
      int start,
      int valueLength) {
    ensureRoom(nameLength + valueLength + 4);
    int at = beginEntry(slot, hash, nameSource, nameStart, nameLength);
    System.arraycopy(value, start, bytes, at, valueLength);
    endEntry(slot, at, valueLength);
  }

  /** Writes the name and separator; returns where the value starts. */
  private int beginEntry(int slot, int hash, byte[] nameSource, int nameStart, int nameLength) {
    int at = length;
    System.arraycopy(nameSource, nameStart, bytes, at, nameLength);
    slots[slot + HASH] = hash;
    slots[slot + NAME_START] = at;
    slots[slot + NAME_LENGTH] = nameLength;
    at += nameLength;
    bytes[at++] = ':';
    bytes[at++] = ' ';
    return at;
  }

  private void endEntry(int slot, int valueStart, int valueLength) {
    slots[slot + VALUE_START] = valueStart;
    slots[slot + VALUE_LENGTH] = valueLength;
    int end = valueStart + valueLength;
    bytes[end] = '\r';
    bytes[end + 1] = '\n';
    length = end + 2;
  }

  /** One {@code name: value} a line. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < size; i++) {
      text.append(name(i)).append(": ").append(value(i)).append('\n');
    }
    return text.toString();
  }
}
