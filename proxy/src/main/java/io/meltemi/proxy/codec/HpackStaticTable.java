package io.meltemi.proxy.codec;

import io.meltemi.proxy.header.HeaderBlock;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The static table (<a href="https://www.rfc-editor.org/rfc/rfc7541#appendix-A">RFC 7541 appendix
 * A</a>) in the text form of a {@link HeaderBlock}, and a way from names to entries.
 */
final class HpackStaticTable {
  /** Number of entries; the dynamic table begins behind them. */
  static final int SIZE = 61;

  private static final String[] ENTRIES = {
    ":authority",
    "",
    ":method",
    "GET",
    ":method",
    "POST",
    ":path",
    "/",
    ":path",
    "/index.html",
    ":scheme",
    "http",
    ":scheme",
    "https",
    ":status",
    "200",
    ":status",
    "204",
    ":status",
    "206",
    ":status",
    "304",
    ":status",
    "400",
    ":status",
    "404",
    ":status",
    "500",
    "accept-charset",
    "",
    "accept-encoding",
    "gzip, deflate",
    "accept-language",
    "",
    "accept-ranges",
    "",
    "accept",
    "",
    "access-control-allow-origin",
    "",
    "age",
    "",
    "allow",
    "",
    "authorization",
    "",
    "cache-control",
    "",
    "content-disposition",
    "",
    "content-encoding",
    "",
    "content-language",
    "",
    "content-length",
    "",
    "content-location",
    "",
    "content-range",
    "",
    "content-type",
    "",
    "cookie",
    "",
    "date",
    "",
    "etag",
    "",
    "expect",
    "",
    "expires",
    "",
    "from",
    "",
    "host",
    "",
    "if-match",
    "",
    "if-modified-since",
    "",
    "if-none-match",
    "",
    "if-range",
    "",
    "if-unmodified-since",
    "",
    "last-modified",
    "",
    "link",
    "",
    "location",
    "",
    "max-forwards",
    "",
    "proxy-authenticate",
    "",
    "proxy-authorization",
    "",
    "range",
    "",
    "referer",
    "",
    "refresh",
    "",
    "retry-after",
    "",
    "server",
    "",
    "set-cookie",
    "",
    "strict-transport-security",
    "",
    "transfer-encoding",
    "",
    "user-agent",
    "",
    "vary",
    "",
    "via",
    "",
    "www-authenticate",
    "",
  };

  /** Every entry as {@code name: value\r\n}, one behind the other. */
  static final byte[] BYTES;

  static final int[] START = new int[SIZE + 1];
  static final int[] NAME_LENGTH = new int[SIZE + 1];
  static final int[] VALUE_LENGTH = new int[SIZE + 1];
  static final int[] HASH = new int[SIZE + 1];

  private static final int SLOTS = 256;

  /** By the hash of the name: the first entry with it, else 0. */
  private static final byte[] BY_NAME = new byte[SLOTS];

  static {
    StringBuilder text = new StringBuilder();
    for (int i = 1; i <= SIZE; i++) {
      String name = ENTRIES[i * 2 - 2];
      String value = ENTRIES[i * 2 - 1];
      START[i] = text.length();
      NAME_LENGTH[i] = name.length();
      VALUE_LENGTH[i] = value.length();
      HASH[i] = name.hashCode();
      text.append(name).append(": ").append(value).append("\r\n");
      int slot = slot(HASH[i]);
      while (BY_NAME[slot] != 0 && HASH[BY_NAME[slot]] != HASH[i]) {
        slot = (slot + 1) & (SLOTS - 1);
      }
      if (BY_NAME[slot] == 0) {
        BY_NAME[slot] = (byte) i;
      }
    }
    BYTES = text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private HpackStaticTable() {}

  private static int slot(int hash) {
    return (hash * 0x9e3779b9) >>> 24;
  }

  /** The first entry with the name, or 0. */
  static int find(int hash, byte[] array, int start, int length) {
    int slot = slot(hash);
    for (int index = BY_NAME[slot]; index != 0; index = BY_NAME[slot]) {
      if (HASH[index] == hash) {
        int from = START[index];
        return NAME_LENGTH[index] == length
                && Arrays.equals(array, start, start + length, BYTES, from, from + length)
            ? index
            : 0;
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
    return 0;
  }
}
