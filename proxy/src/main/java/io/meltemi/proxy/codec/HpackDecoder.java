package io.meltemi.proxy.codec;

import io.meltemi.proxy.header.HeaderBlock;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Decodes field blocks (<a href="https://www.rfc-editor.org/rfc/rfc7541">RFC 7541</a>) into header
 * blocks, in one pass and in their text form. Whatever the message is worth, the table follows: a
 * block that is too large or malformed is read to its end.
 */
final class HpackDecoder {
  /** Integers beyond this are refused; no length or index comes near. */
  private static final int INTEGER_MAX = 1 << 28;

  private static final int TABLE_UPDATES_MAX = 2;

  private static final int VALID = 0;
  private static final int INVALID = 1;

  /** 1 for bytes that may stand in a name: tokens without upper case. */
  private static final byte[] NAME = new byte[256];

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH_BITS = 0x8080808080808080L;

  static {
    for (int c = 0; c < 128; c++) {
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || "!#$%&'*+-.^_`|~".indexOf(c) >= 0) {
        NAME[c] = 1;
      }
    }
  }

  private final HpackDynamicTable table;
  private int tableBytesMax;
  private boolean broken;
  private boolean tooLarge;
  private boolean malformed;
  private byte[] in = {};
  private int position;
  private int end;

  /**
   * @param tableBytesMax what the peer may make of the table
   */
  HpackDecoder(int tableBytesMax) {
    this.tableBytesMax = tableBytesMax;
    table = new HpackDynamicTable(Math.min(tableBytesMax, 4096));
  }

  /** The table may be as large as that from now on. */
  void tableBytesMax(int bytes) {
    tableBytesMax = bytes;
  }

  HpackDynamicTable table() {
    return table;
  }

  /** Whether the last block was beyond its limits; the header block has its beginning only. */
  boolean isTooLarge() {
    return tooLarge;
  }

  /** Whether the last block had a name or a value with bytes that must not be there. */
  boolean isMalformed() {
    return malformed;
  }

  /**
   * Decodes one whole field block; entries are added to the header block.
   *
   * @return false when the code is broken, which ends the connection
   */
  boolean decode(byte[] source, int from, int to, HeaderBlock into, HeadLimits limits) {
    in = source;
    position = from;
    end = to;
    broken = false;
    tooLarge = false;
    malformed = false;
    int updates = 0;
    int fields = 0;
    while (position < end) {
      int b = in[position++];
      if ((b & 0xe0) == 0x20) {
        if (fields > 0 || ++updates > TABLE_UPDATES_MAX || !update(b)) {
          return false;
        }
        continue;
      }
      fields++;
      int before = into.size();
      if (b < 0) {
        indexed(integer(b, 7), into);
      } else if ((b & 0x40) != 0) {
        literal(integer(b, 6), true, into);
      } else {
        literal(integer(b, 4), false, into);
      }
      if (broken) {
        return false;
      }
      if (into.size() > before
          && (into.size() > limits.headersMax() + PSEUDO_MAX
              || into.rawLength() > limits.bytesMax())) {
        tooLarge = true;
      }
    }
    return true;
  }

  /** What the request line is in HTTP/1 is not counted among the fields. */
  private static final int PSEUDO_MAX = 3;

  private boolean update(int first) {
    int bytes = integer(first, 5);
    if (broken || bytes > tableBytesMax) {
      return false;
    }
    table.capacity(bytes);
    return true;
  }

  /** Reads an integer with a prefix of so many bits. */
  private int integer(int first, int bits) {
    int mask = (1 << bits) - 1;
    int value = first & mask;
    if (value < mask) {
      return value;
    }
    int shift = 0;
    while (position < end && shift <= 28) {
      int b = in[position++];
      value += (b & 0x7f) << shift;
      if (value < 0 || value > INTEGER_MAX) {
        break;
      }
      if (b >= 0) {
        return value;
      }
      shift += 7;
    }
    broken = true;
    return 0;
  }

  private void indexed(int index, HeaderBlock into) {
    if (broken || index == 0) {
      broken = true;
      return;
    }
    if (index <= HpackStaticTable.SIZE) {
      copy(
          HpackStaticTable.BYTES,
          HpackStaticTable.START[index],
          HpackStaticTable.NAME_LENGTH[index],
          HpackStaticTable.VALUE_LENGTH[index],
          HpackStaticTable.HASH[index],
          into);
      return;
    }
    int ordinal = table.next() - (index - HpackStaticTable.SIZE);
    if (!table.isAlive(ordinal)) {
      broken = true;
      return;
    }
    if (table.tag(ordinal) == INVALID) {
      malformed = true;
    }
    copy(
        table.array(),
        table.start(ordinal),
        table.nameLength(ordinal),
        table.valueLength(ordinal),
        table.hash(ordinal),
        into);
  }

  private void copy(
      byte[] from, int start, int nameLength, int valueLength, int hash, HeaderBlock into) {
    if (tooLarge) {
      return;
    }
    int count = nameLength + valueLength + 4;
    byte[] to = into.reserve(count);
    int at = into.rawLength();
    System.arraycopy(from, start, to, at, count);
    into.addRaw(hash, at, nameLength, at + nameLength + 2, valueLength);
    into.rawLength(at + count);
  }

  private void literal(int nameIndex, boolean added, HeaderBlock into) {
    if (broken) {
      return;
    }
    int at = into.rawLength();
    int hash;
    int nameEnd;
    int validity = VALID;
    if (nameIndex == 0) {
      nameEnd = string(into, at);
      if (broken) {
        return;
      }
      hash = nameHash(into.array(), at, nameEnd);
      if (nameHashInvalid) {
        validity = INVALID;
      }
    } else if (nameIndex <= HpackStaticTable.SIZE) {
      int length = HpackStaticTable.NAME_LENGTH[nameIndex];
      byte[] to = into.reserve(length);
      System.arraycopy(HpackStaticTable.BYTES, HpackStaticTable.START[nameIndex], to, at, length);
      hash = HpackStaticTable.HASH[nameIndex];
      nameEnd = at + length;
    } else {
      int ordinal = table.next() - (nameIndex - HpackStaticTable.SIZE);
      if (!table.isAlive(ordinal)) {
        broken = true;
        return;
      }
      int length = table.nameLength(ordinal);
      byte[] to = into.reserve(length);
      System.arraycopy(table.array(), table.start(ordinal), to, at, length);
      hash = table.hash(ordinal);
      nameEnd = at + length;
      // a value that was refused says nothing about the name, but the peer is broken anyway
      validity = table.tag(ordinal);
    }
    int valueStart = nameEnd + 2;
    int valueEnd = string(into, valueStart);
    if (broken) {
      return;
    }
    byte[] array = into.reserve(valueEnd + 2 - into.rawLength());
    if (!isValue(array, valueStart, valueEnd)) {
      validity = INVALID;
    }
    if (validity == INVALID) {
      malformed = true;
    }
    int nameLength = nameEnd - at;
    int valueLength = valueEnd - valueStart;
    if (added) {
      table.add(hash, array, at, nameLength, array, valueStart, valueLength, validity);
    }
    if (tooLarge) {
      return;
    }
    array[nameEnd] = ':';
    array[nameEnd + 1] = ' ';
    array[valueEnd] = '\r';
    array[valueEnd + 1] = '\n';
    into.addRaw(hash, at, nameLength, valueStart, valueLength);
    into.rawLength(valueEnd + 2);
  }

  /** Reads a string to that place of the header block's array; returns where it ends. */
  private int string(HeaderBlock into, int at) {
    if (position == end) {
      broken = true;
      return at;
    }
    int first = in[position++];
    int length = integer(first, 7);
    if (broken || length > end - position) {
      broken = true;
      return at;
    }
    int from = position;
    position += length;
    int before = at - into.rawLength();
    if (first >= 0) {
      byte[] to = into.reserve(before + length);
      System.arraycopy(in, from, to, at, length);
      return at + length;
    }
    byte[] to = into.reserve(before + Huffman.decodedMax(length));
    int decoded = Huffman.decode(in, from, position, to, at);
    if (decoded < 0) {
      broken = true;
      return at;
    }
    return decoded;
  }

  private boolean nameHashInvalid;

  /** The hash of a name; a name that may not be is noted. */
  private int nameHash(byte[] array, int from, int to) {
    int hash = 0;
    int invalid = from == to ? 1 : 0;
    int i = from;
    if (i < to && array[i] == ':') {
      hash = ':';
      i++;
    }
    for (; i < to; i++) {
      byte b = array[i];
      invalid |= NAME[b & 0xff] ^ 1;
      hash = 31 * hash + b;
    }
    nameHashInvalid = invalid != 0;
    return hash;
  }

  /** Whether the bytes may be a value: no control bytes, no white space at either end. */
  private static boolean isValue(byte[] b, int from, int to) {
    if (from == to) {
      return true;
    }
    if (isSpace(b[from]) || isSpace(b[to - 1])) {
      return false;
    }
    int p = from;
    while (p + 8 <= to) {
      long word = (long) LONGS.get(b, p);
      long low = (word - 0x2020202020202020L) & ~word;
      long del = word ^ 0x7f7f7f7f7f7f7f7fL;
      del = (del - ONES) & ~del;
      if (((low | del) & HIGH_BITS) != 0 && !isText(b, p, p + 8)) {
        return false;
      }
      p += 8;
    }
    return isText(b, p, to);
  }

  private static boolean isText(byte[] b, int from, int to) {
    for (int p = from; p < to; p++) {
      if ((b[p] >= 0 && b[p] < ' ' && b[p] != '\t') || b[p] == 127) {
        return false;
      }
    }
    return true;
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\t';
  }
}
