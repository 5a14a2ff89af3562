package io.meltemi.proxy.codec;

import io.meltemi.proxy.header.HeaderBlock;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Encodes field blocks (<a href="https://www.rfc-editor.org/rfc/rfc7541">RFC 7541</a>).
 *
 * <p>A field enters the dynamic table when its name is new, or when it comes for the second time:
 * what differs on every message, such as a request id, would only push out what does not. Only what
 * enters the table is Huffman coded: it is paid for once, and the rest is copied. Credentials and
 * cookies never enter it (section 7.1.3).
 */
final class HpackEncoder {
  private static final int INITIAL_BYTES = 512;
  private static final int RETAINED_BYTES_MAX = 16 * 1024;

  /** The larger of what a peer allows is not used: one table for each connection. */
  private final int tableBytesMax;

  private static final int SLOTS = 128;
  private static final int SLOT_SHIFT = 25;
  private static final int[] NONE = {};

  /** By static entry: the field is between two hops only and not written. */
  private static final boolean[] DROPPED = new boolean[HpackStaticTable.SIZE + 1];

  /** By static entry: the value is a secret. */
  private static final boolean[] SECRET = new boolean[HpackStaticTable.SIZE + 1];

  private static final int AUTHORITY = 1;
  private static final int METHOD_GET = 2;
  private static final int PATH_ROOT = 4;
  private static final int SCHEME_HTTP = 6;
  private static final int STATUS_200 = 8;

  private static final int CONNECTION_HASH = "connection".hashCode();
  private static final int KEEP_ALIVE_HASH = "keep-alive".hashCode();
  private static final int PROXY_CONNECTION_HASH = "proxy-connection".hashCode();
  private static final int UPGRADE_HASH = "upgrade".hashCode();

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  static {
    DROPPED[staticIndex("transfer-encoding")] = true;
    DROPPED[staticIndex("host")] = true;
    SECRET[staticIndex("authorization")] = true;
    SECRET[staticIndex("proxy-authorization")] = true;
    SECRET[staticIndex("cookie")] = true;
    SECRET[staticIndex("set-cookie")] = true;
  }

  private final HpackDynamicTable table;
  private byte[] out = new byte[INITIAL_BYTES];
  private int length;
  private int smallestCapacity;
  private boolean capacityChanged;

  /** By a hash of the field: the number of its entry, and the hash of a field seen before. */
  private int[] pairs = NONE;

  private int[] seen = NONE;

  /** By the hash of a name: the number of an entry with it. */
  private int[] names = NONE;

  HpackEncoder(int tableBytesMax) {
    this.tableBytesMax = tableBytesMax;
    table = new HpackDynamicTable(Math.min(tableBytesMax, 4096));
    smallestCapacity = table.capacity();
    capacityChanged = tableBytesMax < 4096;
  }

  private static int staticIndex(String name) {
    byte[] bytes = name.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    return HpackStaticTable.find(name.hashCode(), bytes, 0, bytes.length);
  }

  /** The peer allows a table of that size. */
  void peerTableBytesMax(long bytes) {
    int wanted = (int) Math.min(bytes, tableBytesMax);
    if (wanted == table.capacity()) {
      return;
    }
    table.capacity(wanted);
    smallestCapacity = Math.min(smallestCapacity, wanted);
    capacityChanged = true;
  }

  HpackDynamicTable table() {
    return table;
  }

  /** What was encoded since {@link #begin}. */
  byte[] array() {
    return out;
  }

  int length() {
    return length;
  }

  /** Starts a field block. */
  void begin() {
    length = 0;
    if (out.length > RETAINED_BYTES_MAX) {
      out = new byte[INITIAL_BYTES];
    }
    if (capacityChanged) {
      capacityChanged = false;
      if (smallestCapacity < table.capacity()) {
        integer(0x20, 5, smallestCapacity);
      }
      integer(0x20, 5, table.capacity());
      smallestCapacity = table.capacity();
    }
  }

  /** Writes {@code :status}. */
  void status(int status) {
    room(8);
    int index =
        switch (status) {
          case 200 -> STATUS_200;
          case 204 -> STATUS_200 + 1;
          case 206 -> STATUS_200 + 2;
          case 304 -> STATUS_200 + 3;
          case 400 -> STATUS_200 + 4;
          case 404 -> STATUS_200 + 5;
          case 500 -> STATUS_200 + 6;
          default -> 0;
        };
    if (index != 0) {
      out[length++] = (byte) (0x80 | index);
      return;
    }
    out[length++] = STATUS_200;
    out[length++] = 3;
    out[length++] = (byte) ('0' + status / 100);
    out[length++] = (byte) ('0' + status / 10 % 10);
    out[length++] = (byte) ('0' + status % 10);
  }

  /** Writes the pseudo headers of a request, then its fields. */
  void request(HeaderBlock block) {
    byte[] array = block.array();
    int size = block.size();
    for (int i = 0; i < size; i++) {
      if (array[block.nameStart(i)] == ':') {
        pseudo(block, i);
      }
    }
    fields(block);
  }

  /** Writes every entry that is not a pseudo header. */
  void fields(HeaderBlock block) {
    byte[] array = block.array();
    int size = block.size();
    for (int i = 0; i < size; i++) {
      int nameStart = block.nameStart(i);
      if (array[nameStart] != ':') {
        field(
            array,
            block.nameHash(i),
            nameStart,
            block.nameLength(i),
            block.valueStart(i),
            block.valueLength(i));
      }
    }
  }

  private void pseudo(HeaderBlock block, int i) {
    byte[] array = block.array();
    int start = block.valueStart(i);
    int count = block.valueLength(i);
    int hash = block.nameHash(i);
    int index = HpackStaticTable.find(hash, array, block.nameStart(i), block.nameLength(i));
    int exact = 0;
    if (index == METHOD_GET && count <= 4) {
      exact = equals(array, start, count, 2) ? 2 : equals(array, start, count, 3) ? 3 : 0;
    } else if (index == PATH_ROOT && count == 1 && array[start] == '/') {
      exact = PATH_ROOT;
    } else if (index == SCHEME_HTTP) {
      exact = equals(array, start, count, 6) ? 6 : equals(array, start, count, 7) ? 7 : 0;
    } else if (index == AUTHORITY && count == 0) {
      return;
    }
    if (exact != 0) {
      room(1);
      out[length++] = (byte) (0x80 | exact);
      return;
    }
    field(array, hash, block.nameStart(i), block.nameLength(i), start, count);
  }

  private static boolean equals(byte[] array, int start, int count, int index) {
    int from = HpackStaticTable.START[index] + HpackStaticTable.NAME_LENGTH[index] + 2;
    return Arrays.equals(
        array,
        start,
        start + count,
        HpackStaticTable.BYTES,
        from,
        from + HpackStaticTable.VALUE_LENGTH[index]);
  }

  private void field(
      byte[] array, int nameHash, int nameStart, int nameLength, int valueStart, int valueLength) {
    room(nameLength + valueLength + 16);
    int index = HpackStaticTable.find(nameHash, array, nameStart, nameLength);
    if (index == 0 ? isForOneHop(nameHash, nameLength) : DROPPED[index]) {
      return;
    }
    if (SECRET[index]) {
      integer(0x10, 4, index);
      text(array, valueStart, valueLength);
      return;
    }
    int capacity = table.capacity();
    if (capacity == 0) {
      literal(0, 4, index, array, nameStart, nameLength);
      text(array, valueStart, valueLength);
      return;
    }
    if (pairs.length == 0) {
      pairs = new int[SLOTS];
      seen = new int[SLOTS];
      names = new int[SLOTS];
      Arrays.fill(pairs, -1);
      Arrays.fill(names, -1);
    }
    int hash = (nameHash ^ hash(array, valueStart, valueLength)) * 0x9e3779b9;
    int slot = hash >>> SLOT_SHIFT;
    int known = pairs[slot];
    if (isEntry(known, array, nameHash, nameStart, nameLength, valueStart, valueLength)) {
      integer(0x80, 7, HpackStaticTable.SIZE + table.next() - known);
      return;
    }
    int nameSlot = (nameHash * 0x9e3779b9) >>> SLOT_SHIFT;
    int name = index;
    if (name == 0 && isName(names[nameSlot], array, nameHash, nameStart, nameLength)) {
      name = HpackStaticTable.SIZE + table.next() - names[nameSlot];
    }
    boolean enters =
        (name == 0 || seen[slot] == hash) && nameLength + valueLength + 32 <= capacity / 2;
    seen[slot] = hash;
    if (!enters) {
      literal(0, 4, name, array, nameStart, nameLength);
      text(array, valueStart, valueLength);
      return;
    }
    literal(0x40, 6, name, array, nameStart, nameLength);
    shortText(array, valueStart, valueLength);
    int ordinal = table.next();
    table.add(nameHash, array, nameStart, nameLength, array, valueStart, valueLength, 0);
    pairs[slot] = ordinal;
    if (index == 0) {
      names[nameSlot] = ordinal;
    }
  }

  /** Fields of one hop have no place in HTTP/2 (RFC 9113 section 8.2.2). */
  private static boolean isForOneHop(int hash, int nameLength) {
    return switch (nameLength) {
      case 7 -> hash == UPGRADE_HASH;
      case 10 -> hash == CONNECTION_HASH || hash == KEEP_ALIVE_HASH;
      case 16 -> hash == PROXY_CONNECTION_HASH;
      default -> false;
    };
  }

  private boolean isName(int ordinal, byte[] array, int hash, int start, int count) {
    if (!table.isAlive(ordinal)
        || table.hash(ordinal) != hash
        || table.nameLength(ordinal) != count) {
      return false;
    }
    int at = table.start(ordinal);
    return Arrays.equals(table.array(), at, at + count, array, start, start + count);
  }

  private boolean isEntry(
      int ordinal,
      byte[] array,
      int hash,
      int nameStart,
      int nameLength,
      int valueStart,
      int valueLength) {
    if (!isName(ordinal, array, hash, nameStart, nameLength)
        || table.valueLength(ordinal) != valueLength) {
      return false;
    }
    int at = table.start(ordinal) + nameLength + 2;
    return Arrays.equals(
        table.array(), at, at + valueLength, array, valueStart, valueStart + valueLength);
  }

  private static int hash(byte[] array, int start, int count) {
    long h = count;
    int p = start;
    int end = start + count;
    while (p + 8 <= end) {
      h = (h ^ (long) LONGS.get(array, p)) * 0x9e3779b97f4a7c15L;
      h ^= h >>> 32;
      p += 8;
    }
    for (; p < end; p++) {
      h = h * 31 + array[p];
    }
    h *= 0x9e3779b97f4a7c15L;
    return (int) (h >>> 32);
  }

  private void room(int count) {
    if (out.length - length < count) {
      out = Arrays.copyOf(out, Math.max(out.length * 2, length + count));
    }
  }

  private void integer(int first, int bits, int value) {
    room(6);
    int mask = (1 << bits) - 1;
    if (value < mask) {
      out[length++] = (byte) (first | value);
      return;
    }
    out[length++] = (byte) (first | mask);
    int rest = value - mask;
    while (rest >= 128) {
      out[length++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    out[length++] = (byte) rest;
  }

  /** Writes the beginning of a literal: an index of its name, or the name. */
  private void literal(int first, int bits, int name, byte[] array, int start, int count) {
    integer(first, bits, name);
    if (name != 0) {
      return;
    }
    if (first == 0x40) {
      shortText(array, start, count);
    } else {
      text(array, start, count);
    }
  }

  private void text(byte[] array, int start, int count) {
    integer(0, 7, count);
    room(count);
    System.arraycopy(array, start, out, length, count);
    length += count;
  }

  /** As {@link #text}, Huffman coded when that is shorter. */
  private void shortText(byte[] array, int start, int count) {
    int coded = Huffman.encodedLength(array, start, start + count);
    if (coded >= count) {
      text(array, start, count);
      return;
    }
    integer(0x80, 7, coded);
    room(coded);
    length = Huffman.encode(array, start, start + count, out, length);
  }
}
