package io.meltemi.proxy.codec;

/**
 * The Huffman code of HPACK (<a href="https://www.rfc-editor.org/rfc/rfc7541#appendix-B">RFC 7541
 * appendix B</a>). It is canonical, so the lengths of its codes say all.
 */
final class Huffman {
  /** The length of each symbol's code, {@code A} for 5 bits; the last is the end of the string. */
  private static final String LENGTHS =
      "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCCDCDI"
          + "OIJBKABABABBBACCBBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSR"
          + "SSPRRRSRRSVVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWVZ";

  private static final int END = 256;
  private static final int LENGTH_MAX = 30;
  private static final int FAST_BITS = 10;

  private static final byte[] LENGTH = new byte[END + 1];
  private static final int[] CODE = new int[END + 1];

  /** By the next ten bits: {@code length << 8 | symbol}, or 0 for longer codes. */
  private static final short[] FAST = new short[1 << FAST_BITS];

  /** Symbols in the order of their codes; where a length begins; its first code. */
  private static final short[] SORTED = new short[END + 1];

  private static final int[] OFFSET = new int[LENGTH_MAX + 2];
  private static final int[] FIRST = new int[LENGTH_MAX + 2];

  static {
    int code = 0;
    int sorted = 0;
    for (int length = 1; length <= LENGTH_MAX; length++) {
      FIRST[length] = code;
      OFFSET[length] = sorted;
      for (int symbol = 0; symbol <= END; symbol++) {
        if (LENGTHS.charAt(symbol) - 'A' + 5 != length) {
          continue;
        }
        LENGTH[symbol] = (byte) length;
        CODE[symbol] = code;
        SORTED[sorted++] = (short) symbol;
        if (length <= FAST_BITS) {
          int shift = FAST_BITS - length;
          for (int rest = 0; rest < 1 << shift; rest++) {
            FAST[(code << shift) + rest] = (short) ((length << 8) | symbol);
          }
        }
        code++;
      }
      code <<= 1;
    }
    OFFSET[LENGTH_MAX + 1] = sorted;
  }

  private Huffman() {}

  /** The most bytes that so many coded ones can stand for. */
  static int decodedMax(int length) {
    return (int) ((length * 8L + 4) / 5);
  }

  /**
   * Decodes a string.
   *
   * @param out has room for {@link #decodedMax} bytes
   * @return where the text ends in {@code out}, or -1 when the code is broken
   */
  static int decode(byte[] in, int from, int to, byte[] out, int at) {
    long bits = 0;
    int have = 0;
    int p = from;
    int o = at;
    while (true) {
      while (have <= 56 && p < to) {
        bits = (bits << 8) | (in[p++] & 0xff);
        have += 8;
      }
      if (have < FAST_BITS) {
        return tail(bits, have, out, o);
      }
      int entry = FAST[(int) (bits >>> (have - FAST_BITS)) & ((1 << FAST_BITS) - 1)];
      if (entry != 0) {
        out[o++] = (byte) entry;
        have -= entry >>> 8;
        continue;
      }
      int length = longCode(bits, have);
      if (length < 0) {
        return p == to && isPadding(bits, have) ? o : -1;
      }
      int symbol = longSymbol(bits, have, length);
      if (symbol == END) {
        return -1;
      }
      out[o++] = (byte) symbol;
      have -= length;
    }
  }

  /** The last codes, and the padding of at most seven one bits. */
  private static int tail(long bits, int haveBefore, byte[] out, int at) {
    int have = haveBefore;
    int o = at;
    while (have > 0) {
      int window = (int) (bits << (FAST_BITS - have)) & ((1 << FAST_BITS) - 1);
      int entry = FAST[window];
      int length = entry >>> 8;
      if (entry == 0 || length > have) {
        return isPadding(bits, have) ? o : -1;
      }
      out[o++] = (byte) entry;
      have -= length;
    }
    return o;
  }

  private static boolean isPadding(long bits, int have) {
    long mask = (1L << have) - 1;
    return have < 8 && (bits & mask) == mask;
  }

  /** The length of a code that is longer than the fast table's, or -1 when the bits end first. */
  private static int longCode(long bits, int have) {
    for (int length = FAST_BITS + 1; length <= LENGTH_MAX && length <= have; length++) {
      int code = (int) (bits >>> (have - length)) & ((1 << length) - 1);
      int index = code - FIRST[length];
      if (index >= 0 && index < OFFSET[length + 1] - OFFSET[length]) {
        return length;
      }
    }
    return -1;
  }

  private static int longSymbol(long bits, int have, int length) {
    int code = (int) (bits >>> (have - length)) & ((1 << length) - 1);
    return SORTED[OFFSET[length] + code - FIRST[length]];
  }

  /** Bytes that the text takes when it is coded. */
  static int encodedLength(byte[] in, int from, int to) {
    long bits = 0;
    for (int i = from; i < to; i++) {
      bits += LENGTH[in[i] & 0xff];
    }
    return (int) ((bits + 7) / 8);
  }

  /** Writes the coded text; returns where it ends. */
  static int encode(byte[] in, int from, int to, byte[] out, int at) {
    long bits = 0;
    int have = 0;
    int o = at;
    for (int i = from; i < to; i++) {
      int symbol = in[i] & 0xff;
      bits = (bits << LENGTH[symbol]) | CODE[symbol];
      have += LENGTH[symbol];
      while (have >= 8) {
        have -= 8;
        out[o++] = (byte) (bits >>> have);
      }
    }
    if (have > 0) {
      out[o++] = (byte) ((bits << (8 - have)) | ((1 << (8 - have)) - 1));
    }
    return o;
  }
}
