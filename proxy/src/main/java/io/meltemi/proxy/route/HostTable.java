package io.meltemi.proxy.route;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Virtual hosts by literal text, looked up with bytes of any ASCII case and without allocation.
 * Open addressing with linear probing, at most half full. Immutable.
 */
final class HostTable {
  private final byte[][] keys;
  private final VirtualHost[] values;
  private final int mask;

  /**
   * @param entries lower-case text to its virtual host
   */
  HostTable(Map<String, VirtualHost> entries) {
    int capacity = Integer.highestOneBit(Math.max(1, entries.size())) * 4;
    this.mask = capacity - 1;
    this.keys = new byte[capacity][];
    this.values = new VirtualHost[capacity];
    entries.forEach(
        (text, host) -> {
          byte[] key = text.getBytes(StandardCharsets.UTF_8);
          int slot = hash(key, 0, key.length) & mask;
          while (values[slot] != null) {
            slot = (slot + 1) & mask;
          }
          keys[slot] = key;
          values[slot] = host;
        });
  }

  @Nullable VirtualHost get(byte[] array, int start, int length) {
    int slot = hash(array, start, length) & mask;
    while (values[slot] != null) {
      if (same(keys[slot], array, start, length)) {
        return values[slot];
      }
      slot = (slot + 1) & mask;
    }
    return null;
  }

  private static boolean same(byte[] key, byte[] array, int start, int length) {
    if (key.length != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (key[i] != lower(array[start + i])) {
        return false;
      }
    }
    return true;
  }

  private static int hash(byte[] array, int start, int length) {
    int hash = 0;
    for (int i = start; i < start + length; i++) {
      hash = 31 * hash + lower(array[i]);
    }
    return hash ^ (hash >>> 15);
  }

  private static byte lower(byte b) {
    return b >= 'A' && b <= 'Z' ? (byte) (b + 32) : b;
  }
}
