package io.meltemi.proxy.header;

import java.util.Arrays;

/**
 * The names of one message as they were written, to be found by their lower-case form; of several
 * spellings of one name the first. Kept with its {@link HeaderBlock} and used again.
 */
public final class HeaderSpelling {
  private static final int STRIDE = 3;

  /** Kept over the end of a message; a larger array is given back to the collector. */
  private static final int RETAINED_BYTES_MAX = 16 * 1024;

  private byte[] bytes = new byte[512];
  private int length;
  private int[] slots = new int[24 * STRIDE];
  private int size;
  private boolean properElse;

  HeaderSpelling() {}

  void begin(boolean otherNamesProper) {
    properElse = otherNamesProper;
    size = 0;
    length = 0;
    if (bytes.length > RETAINED_BYTES_MAX) {
      bytes = new byte[512];
    }
  }

  /** Whether names that the message did not have are written in proper case. */
  public boolean isProperElse() {
    return properElse;
  }

  /**
   * Takes a name as it was written.
   *
   * @param hash of its lower-case form: {@code 31 * h + byte} from 0
   */
  public void add(int hash, byte[] from, int start, int nameLength) {
    if (bytes.length - length < nameLength) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + nameLength));
    }
    int slot = size * STRIDE;
    if (slot == slots.length) {
      slots = Arrays.copyOf(slots, slots.length * 2);
    }
    System.arraycopy(from, start, bytes, length, nameLength);
    slots[slot] = hash;
    slots[slot + 1] = length;
    slots[slot + 2] = nameLength;
    length += nameLength;
    size++;
  }

  /** Where in {@link #array()} the name stands as it was written; -1 when it was not. */
  public int find(int hash, byte[] lower, int start, int nameLength) {
    for (int at = 0; at < size * STRIDE; at += STRIDE) {
      if (slots[at] == hash && slots[at + 2] == nameLength) {
        int place = slots[at + 1];
        if (isSame(place, lower, start, nameLength)) {
          return place;
        }
      }
    }
    return -1;
  }

  private boolean isSame(int place, byte[] lower, int start, int nameLength) {
    for (int i = 0; i < nameLength; i++) {
      byte b = bytes[place + i];
      if ((b >= 'A' && b <= 'Z' ? b + 32 : b) != lower[start + i]) {
        return false;
      }
    }
    return true;
  }

  /** Not to be written to. */
  public byte[] array() {
    return bytes;
  }
}
