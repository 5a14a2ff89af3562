package io.meltemi.proxy.codec;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.nio.charset.StandardCharsets;

/**
 * The rules of HTTP/2 heads (<a href="https://www.rfc-editor.org/rfc/rfc9113#section-8">RFC 9113
 * section 8</a>): pseudo headers first, single and complete, no field of one hop, one
 * content-length. Brings a head into the form that the rest of the proxy knows: cookie crumbs are
 * joined, {@code host} becomes {@code :authority} or goes.
 *
 * <p>The results of the last check are in the accessors.
 */
final class Http2Heads {
  private static final HeaderName COOKIE = HeaderName.of("cookie");
  private static final HeaderName PROTOCOL = HeaderName.PROTOCOL;
  private static final byte[] TRAILERS = ascii("trailers");
  private static final byte[] CONNECT = ascii("CONNECT");
  private static final byte[] HEAD = ascii("HEAD");
  private static final byte[] OPTIONS = ascii("OPTIONS");
  private static final int CONTENT_LENGTH_DIGITS_MAX = 18;

  /** 1 for bytes of a method; for bytes of a path; for bytes of an authority. */
  private static final byte[] TOKEN = new byte[256];

  private static final byte[] TARGET = new byte[256];
  private static final byte[] AUTHORITY = new byte[256];

  static {
    for (int c = 0; c < 128; c++) {
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (letter || "!#$%&'*+-.^_`|~".indexOf(c) >= 0) {
        TOKEN[c] = 1;
      }
      if (c > ' ' && c < 127 && c != '#') {
        TARGET[c] = 1;
      }
      if (letter || "!$%&'*+-._~()[];:,=".indexOf(c) >= 0) {
        AUTHORITY[c] = 1;
      }
    }
  }

  private final boolean allowsConnect;
  private long contentLength;
  private int status;
  private boolean headRequest;
  private int cookies;
  private int host;

  /**
   * @param allowsConnect whether requests may carry {@code :protocol} (RFC 8441)
   */
  Http2Heads(boolean allowsConnect) {
    this.allowsConnect = allowsConnect;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** The declared length of the body, or -1. */
  long contentLength() {
    return contentLength;
  }

  int status() {
    return status;
  }

  boolean isHeadRequest() {
    return headRequest;
  }

  static boolean isHeadRequest(HeaderBlock block) {
    int method = block.find(HeaderName.METHOD);
    return method >= 0 && block.valueEquals(method, HEAD);
  }

  /** Checks a request's head. */
  boolean request(HeaderBlock block) {
    contentLength = -1;
    headRequest = false;
    cookies = 0;
    host = -1;
    int method = -1;
    int path = -1;
    int scheme = -1;
    int authority = -1;
    int protocol = -1;
    byte[] array = block.array();
    int size = block.size();
    int i = 0;
    for (; i < size && array[block.nameStart(i)] == ':'; i++) {
      if (method < 0 && block.nameEquals(i, HeaderName.METHOD)) {
        method = i;
      } else if (path < 0 && block.nameEquals(i, HeaderName.PATH)) {
        path = i;
      } else if (scheme < 0 && block.nameEquals(i, HeaderName.SCHEME)) {
        scheme = i;
      } else if (authority < 0 && block.nameEquals(i, HeaderName.AUTHORITY)) {
        authority = i;
      } else if (allowsConnect && protocol < 0 && block.nameEquals(i, PROTOCOL)) {
        protocol = i;
      } else {
        return false;
      }
    }
    for (; i < size; i++) {
      if (array[block.nameStart(i)] == ':' || !field(block, i, true)) {
        return false;
      }
    }
    if (method < 0 || !all(TOKEN, block, method)) {
      return false;
    }
    if (authority >= 0 && !all(AUTHORITY, block, authority)) {
      return false;
    }
    boolean connect = block.valueEquals(method, CONNECT);
    if (protocol >= 0) {
      if (!connect
          || path < 0
          || scheme < 0
          || authority < 0
          || block.valueLength(protocol) == 0
          || !all(TOKEN, block, protocol)
          || !isPath(block, path, method)) {
        return false;
      }
    } else if (connect) {
      if (path >= 0 || scheme >= 0 || authority < 0 || block.valueLength(authority) == 0) {
        return false;
      }
    } else if (path < 0 || scheme < 0 || !isPath(block, path, method)) {
      return false;
    }
    headRequest = block.valueEquals(method, HEAD);
    if (host >= 0 && !host(block, authority)) {
      return false;
    }
    if (cookies > 1) {
      joinCookies(block);
    }
    return true;
  }

  private static boolean isPath(HeaderBlock block, int path, int method) {
    int length = block.valueLength(path);
    if (length == 0 || !all(TARGET, block, path)) {
      return false;
    }
    byte first = block.array()[block.valueStart(path)];
    return first == '/' || (first == '*' && length == 1 && block.valueEquals(method, OPTIONS));
  }

  private static boolean all(byte[] allowed, HeaderBlock block, int index) {
    byte[] array = block.array();
    int start = block.valueStart(index);
    int end = start + block.valueLength(index);
    int good = 1;
    for (int i = start; i < end; i++) {
      good &= allowed[array[i] & 0xff];
    }
    return good != 0;
  }

  /** Checks a response's head. */
  boolean response(HeaderBlock block) {
    contentLength = -1;
    status = 0;
    cookies = 0;
    int size = block.size();
    if (size == 0 || !block.nameEquals(0, HeaderName.STATUS) || block.valueLength(0) != 3) {
      return false;
    }
    byte[] array = block.array();
    int at = block.valueStart(0);
    int code = 0;
    for (int i = 0; i < 3; i++) {
      int digit = array[at + i] - '0';
      if (digit < 0 || digit > 9) {
        return false;
      }
      code = code * 10 + digit;
    }
    if (code < 100 || code > 599 || code == 101) {
      return false;
    }
    for (int i = 1; i < size; i++) {
      if (array[block.nameStart(i)] == ':' || !field(block, i, false)) {
        return false;
      }
    }
    status = code;
    return true;
  }

  /** Checks trailers, and takes out what belongs to heads. */
  boolean trailers(HeaderBlock block) {
    byte[] array = block.array();
    for (int i = block.size() - 1; i >= 0; i--) {
      if (array[block.nameStart(i)] == ':' || isForOneHop(block, i)) {
        return false;
      }
      if (block.nameEquals(i, HeaderName.CONTENT_LENGTH) || block.nameEquals(i, HeaderName.HOST)) {
        block.removeAt(i);
      }
    }
    return true;
  }

  private boolean field(HeaderBlock block, int i, boolean request) {
    switch (block.nameLength(i)) {
      case 2 -> {
        if (block.nameEquals(i, HeaderName.TE)) {
          return block.valueEqualsIgnoreCase(i, TRAILERS);
        }
      }
      case 4 -> {
        if (request && block.nameEquals(i, HeaderName.HOST)) {
          if (host >= 0 || !all(AUTHORITY, block, i)) {
            return false;
          }
          host = i;
        }
      }
      case 6 -> {
        if (request && block.nameEquals(i, COOKIE)) {
          cookies++;
        }
      }
      case 7, 10, 16, 17 -> {
        return !isForOneHop(block, i);
      }
      case 14 -> {
        if (block.nameEquals(i, HeaderName.CONTENT_LENGTH)) {
          return contentLength(block, i);
        }
      }
      default -> {}
    }
    return true;
  }

  private static boolean isForOneHop(HeaderBlock block, int i) {
    return switch (block.nameLength(i)) {
      case 7 -> block.nameEquals(i, HeaderName.UPGRADE);
      case 10 ->
          block.nameEquals(i, HeaderName.CONNECTION) || block.nameEquals(i, HeaderName.KEEP_ALIVE);
      case 16 -> block.nameEquals(i, HeaderName.PROXY_CONNECTION);
      case 17 -> block.nameEquals(i, HeaderName.TRANSFER_ENCODING);
      default -> false;
    };
  }

  private boolean contentLength(HeaderBlock block, int i) {
    int length = block.valueLength(i);
    if (contentLength >= 0 || length == 0 || length > CONTENT_LENGTH_DIGITS_MAX) {
      return false;
    }
    byte[] array = block.array();
    long value = 0;
    for (int p = block.valueStart(i); p < block.valueStart(i) + length; p++) {
      int digit = array[p] - '0';
      if (digit < 0 || digit > 9) {
        return false;
      }
      value = value * 10 + digit;
    }
    contentLength = value;
    return true;
  }

  /** Where both are there {@code :authority} wins, as in Envoy. */
  private boolean host(HeaderBlock block, int authority) {
    int start = block.valueStart(host);
    int length = block.valueLength(host);
    block.removeAt(host);
    if (authority < 0) {
      block.add(HeaderName.AUTHORITY, block.array(), start, length);
    }
    return true;
  }

  /** One field again (RFC 9113 section 8.2.3). */
  private static void joinCookies(HeaderBlock block) {
    int first = block.find(COOKIE);
    int total = 0;
    for (int i = first; i >= 0; i = block.findNext(COOKIE, i)) {
      total += block.valueLength(i) + 2;
    }
    byte[] array = block.reserve(COOKIE.length() + 4 + total);
    int nameStart = block.rawLength();
    System.arraycopy(COOKIE.bytes(), 0, array, nameStart, COOKIE.length());
    int at = nameStart + COOKIE.length();
    array[at++] = ':';
    array[at++] = ' ';
    int valueStart = at;
    for (int i = first; i >= 0; i = block.findNext(COOKIE, i)) {
      if (at > valueStart) {
        array[at++] = ';';
        array[at++] = ' ';
      }
      System.arraycopy(array, block.valueStart(i), array, at, block.valueLength(i));
      at += block.valueLength(i);
    }
    array[at] = '\r';
    array[at + 1] = '\n';
    block.rawLength(at + 2);
    block.remove(COOKIE);
    block.addRaw(COOKIE.hash(), nameStart, COOKIE.length(), valueStart, at - valueStart);
  }
}
