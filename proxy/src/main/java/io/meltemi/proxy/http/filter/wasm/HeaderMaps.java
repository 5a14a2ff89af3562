package io.meltemi.proxy.http.filter.wasm;

import io.meltemi.proxy.header.HeaderBlock;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Header fields as modules read and write them. Names are bytes, which no table keeps. */
final class HeaderMaps {
  private static final int NAME_BYTES_MAX = 1024;
  private static final int VALUE_BYTES_MAX = 64 * 1024;
  private static final int PAIRS_MAX = 1000;

  private HeaderMaps() {}

  /** One field; its bytes are never changed. */
  static final class Pair {
    final byte[] name;
    final byte[] value;

    Pair(byte[] name, byte[] value) {
      this.name = name;
      this.value = value;
    }
  }

  /** The name in lower case; null when it can be none. */
  static byte @Nullable [] name(byte[] told) {
    if (told.length == 0 || told.length > NAME_BYTES_MAX) {
      return null;
    }
    byte[] name = told.clone();
    int start = name[0] == ':' ? 1 : 0;
    if (name.length == start) {
      return null;
    }
    for (int i = start; i < name.length; i++) {
      int b = name[i];
      if (b >= 'A' && b <= 'Z') {
        name[i] = (byte) (b + 'a' - 'A');
      } else if (b <= ' ' || b == 127 || "\"(),/:;<=>?@[\\]{}".indexOf(b) >= 0) {
        return null;
      }
    }
    return name;
  }

  /** Whether it can stand in a message. */
  static boolean isValue(byte[] value) {
    if (value.length > VALUE_BYTES_MAX) {
      return false;
    }
    for (byte b : value) {
      if (b == 0 || b == '\r' || b == '\n') {
        return false;
      }
    }
    return true;
  }

  static int find(HeaderBlock block, byte[] name, int from) {
    int hash = hash(name);
    for (int i = from; i < block.size(); i++) {
      int start = block.nameStart(i);
      if (block.nameHash(i) == hash
          && Arrays.equals(
              block.array(), start, start + block.nameLength(i), name, 0, name.length)) {
        return i;
      }
    }
    return -1;
  }

  private static int hash(byte[] name) {
    int h = 0;
    for (byte b : name) {
      h = 31 * h + b;
    }
    return h;
  }

  /** The value of a header, those of one that stands more than once with commas between them. */
  static byte @Nullable [] get(HeaderBlock block, byte[] name) {
    int index = find(block, name, 0);
    if (index < 0) {
      return null;
    }
    byte[] value = value(block, index);
    for (int next = find(block, name, index + 1); next >= 0; next = find(block, name, next + 1)) {
      byte[] more = value(block, next);
      byte[] joined = Arrays.copyOf(value, value.length + 1 + more.length);
      joined[value.length] = ',';
      System.arraycopy(more, 0, joined, value.length + 1, more.length);
      value = joined;
    }
    return value;
  }

  private static byte[] value(HeaderBlock block, int index) {
    int start = block.valueStart(index);
    return Arrays.copyOfRange(block.array(), start, start + block.valueLength(index));
  }

  static void add(HeaderBlock block, byte[] name, byte[] value) {
    int at = block.rawLength();
    byte[] array = block.reserve(name.length + value.length + 4);
    System.arraycopy(name, 0, array, at, name.length);
    int valueStart = at + name.length + 2;
    array[valueStart - 2] = ':';
    array[valueStart - 1] = ' ';
    System.arraycopy(value, 0, array, valueStart, value.length);
    array[valueStart + value.length] = '\r';
    array[valueStart + value.length + 1] = '\n';
    block.rawLength(valueStart + value.length + 2);
    block.addRaw(hash(name), at, name.length, valueStart, value.length);
  }

  static void replace(HeaderBlock block, byte[] name, byte[] value) {
    int index = find(block, name, 0);
    if (index < 0) {
      add(block, name, value);
      return;
    }
    block.setValue(index, value, 0, value.length);
    for (int next = find(block, name, index + 1); next >= 0; next = find(block, name, next)) {
      block.removeAt(next);
    }
  }

  static void remove(HeaderBlock block, byte[] name) {
    for (int index = find(block, name, 0); index >= 0; index = find(block, name, index)) {
      block.removeAt(index);
    }
  }

  static byte[] write(HeaderBlock block) {
    int size = 4;
    for (int i = 0; i < block.size(); i++) {
      size += 8 + block.nameLength(i) + 1 + block.valueLength(i) + 1;
    }
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(block.size());
    for (int i = 0; i < block.size(); i++) {
      out.putInt(block.nameLength(i)).putInt(block.valueLength(i));
    }
    for (int i = 0; i < block.size(); i++) {
      out.put(block.array(), block.nameStart(i), block.nameLength(i)).put((byte) 0);
      out.put(block.array(), block.valueStart(i), block.valueLength(i)).put((byte) 0);
    }
    return out.array();
  }

  /** Empty when the bytes are no list of pairs, or hold what cannot stand in a message. */
  static Optional<List<Pair>> read(byte[] bytes) {
    if (bytes.length == 0) {
      return Optional.of(List.of());
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (in.remaining() < 4) {
      return Optional.empty();
    }
    int count = in.getInt();
    if (count < 0 || count > PAIRS_MAX || in.remaining() < count * 8) {
      return Optional.empty();
    }
    int[] lengths = new int[count * 2];
    for (int i = 0; i < lengths.length; i++) {
      lengths[i] = in.getInt();
    }
    List<Pair> pairs = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      byte[] told = text(in, lengths[i * 2]);
      byte[] value = told == null ? null : text(in, lengths[i * 2 + 1]);
      byte[] name = told == null ? null : name(told);
      if (name == null || value == null || !isValue(value)) {
        return Optional.empty();
      }
      pairs.add(new Pair(name, value));
    }
    return Optional.of(pairs);
  }

  private static byte @Nullable [] text(ByteBuffer in, int length) {
    if (length < 0 || length >= in.remaining()) {
      return null;
    }
    byte[] text = new byte[length];
    in.get(text);
    in.get();
    return text;
  }

  static void fill(HeaderBlock block, List<Pair> pairs) {
    pairs.forEach(pair -> add(block, pair.name, pair.value));
  }
}
