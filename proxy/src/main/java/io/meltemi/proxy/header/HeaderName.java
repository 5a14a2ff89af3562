package io.meltemi.proxy.header;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An interned lower-case field name, or a pseudo header such as {@code :path}. Equal names are the
 * same object, so {@code ==} compares them. Made when configuration is parsed, never per request:
 * the table of names is not bounded.
 */
public final class HeaderName {
  private static final ConcurrentHashMap<String, HeaderName> NAMES = new ConcurrentHashMap<>();

  public static final HeaderName METHOD = of(":method");
  public static final HeaderName PATH = of(":path");
  public static final HeaderName AUTHORITY = of(":authority");
  public static final HeaderName SCHEME = of(":scheme");
  public static final HeaderName STATUS = of(":status");
  public static final HeaderName PROTOCOL = of(":protocol");
  public static final HeaderName HOST = of("host");
  public static final HeaderName CONNECTION = of("connection");
  public static final HeaderName KEEP_ALIVE = of("keep-alive");
  public static final HeaderName PROXY_CONNECTION = of("proxy-connection");
  public static final HeaderName TRANSFER_ENCODING = of("transfer-encoding");
  public static final HeaderName CONTENT_LENGTH = of("content-length");
  public static final HeaderName CONTENT_TYPE = of("content-type");
  public static final HeaderName UPGRADE = of("upgrade");
  public static final HeaderName EXPECT = of("expect");
  public static final HeaderName TE = of("te");
  public static final HeaderName TRAILER = of("trailer");
  public static final HeaderName DATE = of("date");
  public static final HeaderName SERVER = of("server");
  public static final HeaderName VIA = of("via");
  public static final HeaderName LOCATION = of("location");
  public static final HeaderName USER_AGENT = of("user-agent");

  private final String text;
  private final byte[] bytes;
  private final int hash;

  private HeaderName(String text) {
    this.text = text;
    this.bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    this.hash = hash(bytes, 0, bytes.length);
  }

  /**
   * The one object for a name; upper-case letters are folded.
   *
   * @throws IllegalArgumentException when the name is empty or not a token (RFC 9110 section 5.1),
   *     a leading colon being allowed
   */
  public static HeaderName of(String name) {
    HeaderName known = NAMES.get(name);
    if (known != null) {
      return known;
    }
    String lower = name.toLowerCase(Locale.ROOT);
    if (!isValid(lower)) {
      throw new IllegalArgumentException("header name: \"" + name + "\" (expected: a token)");
    }
    return NAMES.computeIfAbsent(lower, HeaderName::new);
  }

  /** Whether the text can be a header name; a leading colon is allowed. */
  public static boolean isValid(String name) {
    int start = name.startsWith(":") ? 1 : 0;
    if (name.length() == start) {
      return false;
    }
    for (int i = start; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c >= 128 || !isTokenByte((byte) c)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isTokenByte(byte b) {
    return (b >= 'a' && b <= 'z')
        || (b >= 'A' && b <= 'Z')
        || (b >= '0' && b <= '9')
        || "!#$%&'*+-.^_`|~".indexOf(b) >= 0;
  }

  /** The hash that a {@link HeaderBlock} keeps for a name: {@code 31 * h + byte} from 0. */
  static int hash(byte[] bytes, int start, int length) {
    int h = 0;
    for (int i = start; i < start + length; i++) {
      h = 31 * h + bytes[i];
    }
    return h;
  }

  /** The hash that {@link HeaderBlock#nameHash} gives for this name. */
  public int hash() {
    return hash;
  }

  /** The bytes of the name; owned by this object, must not be changed. */
  public byte[] bytes() {
    return bytes;
  }

  public int length() {
    return bytes.length;
  }

  public boolean isPseudo() {
    return bytes[0] == ':';
  }

  boolean matches(byte[] array, int start, int length) {
    return length == bytes.length
        && Arrays.equals(array, start, start + length, bytes, 0, bytes.length);
  }

  @Override
  public String toString() {
    return text;
  }
}
