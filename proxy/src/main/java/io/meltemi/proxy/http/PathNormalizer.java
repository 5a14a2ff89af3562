package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.EscapedSlashes;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.Paths;
import java.util.Arrays;

/**
 * Makes {@code :path} canonical before anything is matched against it: RFC 3986 dot segments and
 * percent-encoding of unreserved characters, slashes merged, escaped slashes as configured. The
 * query is left alone. A path that is canonical already costs one scan.
 */
final class PathNormalizer {
  /** What became of the path. */
  enum Outcome {
    OK,
    REDIRECT,
    REJECTED
  }

  private final Paths settings;

  PathNormalizer(Paths settings) {
    this.settings = settings;
  }

  Outcome apply(HeaderBlock headers) {
    if (!settings.normalize()
        && !settings.mergeSlashes()
        && settings.escapedSlashes() == EscapedSlashes.KEEP) {
      return Outcome.OK;
    }
    int index = headers.find(HeaderName.PATH);
    if (index < 0) {
      return Outcome.OK;
    }
    byte[] array = headers.array();
    int start = headers.valueStart(index);
    int end = start + headers.valueLength(index);
    if (start == end || array[start] != '/' || !needsWork(array, start, end)) {
      return Outcome.OK;
    }
    return rewrite(headers, index, Arrays.copyOfRange(array, start, end));
  }

  /** True when the path may not be canonical: a percent, a backslash, a double slash or a dot. */
  private static boolean needsWork(byte[] array, int start, int end) {
    byte before = 0;
    for (int i = start; i < end && array[i] != '?'; i++) {
      byte b = array[i];
      if (b == '%' || b == '\\' || (before == '/' && (b == '/' || b == '.'))) {
        return true;
      }
      before = b;
    }
    return false;
  }

  private Outcome rewrite(HeaderBlock headers, int index, byte[] whole) {
    int query = 0;
    while (query < whole.length && whole[query] != '?') {
      query++;
    }
    Work work = new Work(Arrays.copyOf(whole, query));
    boolean unescaped = false;
    if (settings.escapedSlashes() != EscapedSlashes.KEEP) {
      unescaped = work.unescapeSlashes();
      if (unescaped && settings.escapedSlashes() == EscapedSlashes.REJECT) {
        return Outcome.REJECTED;
      }
    }
    if (settings.normalize() && !work.normalize()) {
      return Outcome.REJECTED;
    }
    if (settings.mergeSlashes()) {
      work.mergeSlashes();
    }
    byte[] out = Arrays.copyOf(work.bytes, work.length + whole.length - query);
    System.arraycopy(whole, query, out, work.length, whole.length - query);
    headers.setValue(index, out, 0, out.length);
    return unescaped && settings.escapedSlashes() == EscapedSlashes.UNESCAPE_AND_REDIRECT
        ? Outcome.REDIRECT
        : Outcome.OK;
  }

  /** A path being rewritten. */
  private static final class Work {
    private byte[] bytes;
    private int length;

    Work(byte[] bytes) {
      this.bytes = bytes;
      this.length = bytes.length;
    }

    private static int hex(byte b) {
      return b > 0 ? Character.digit(b, 16) : -1;
    }

    private int escape(int at) {
      if (bytes[at] != '%' || at + 2 >= length) {
        return -1;
      }
      int high = hex(bytes[at + 1]);
      int low = hex(bytes[at + 2]);
      return high < 0 || low < 0 ? -1 : high * 16 + low;
    }

    boolean unescapeSlashes() {
      boolean found = false;
      int to = 0;
      for (int i = 0; i < length; i++) {
        int value = escape(i);
        if (value == '/' || value == '\\') {
          bytes[to++] = (byte) value;
          i += 2;
          found = true;
        } else {
          bytes[to++] = bytes[i];
        }
      }
      length = to;
      return found;
    }

    /** False when the path has a broken escape or climbs above the root. */
    boolean normalize() {
      int to = 0;
      for (int i = 0; i < length; i++) {
        byte b = bytes[i];
        if (b == '%') {
          int value = escape(i);
          if (value < 0 || value == 0) {
            return false;
          }
          if (isUnreserved(value)) {
            bytes[to++] = (byte) value;
          } else {
            bytes[to++] = '%';
            bytes[to++] = bytes[i + 1];
            bytes[to++] = bytes[i + 2];
          }
          i += 2;
        } else {
          bytes[to++] = b == '\\' ? (byte) '/' : b;
        }
      }
      length = to;
      removeDotSegments();
      return true;
    }

    private static boolean isUnreserved(int c) {
      return (c >= 'a' && c <= 'z')
          || (c >= 'A' && c <= 'Z')
          || (c >= '0' && c <= '9')
          || "-._~".indexOf(c) >= 0;
    }

    /** RFC 3986 section 5.2.4 over a path that starts with a slash. */
    private void removeDotSegments() {
      byte[] out = new byte[length + 1];
      int to = 0;
      int i = 0;
      while (i < length) {
        int end = i + 1;
        while (end < length && bytes[end] != '/') {
          end++;
        }
        int size = end - i - 1;
        boolean dot = size == 1 && bytes[i + 1] == '.';
        boolean dots = size == 2 && bytes[i + 1] == '.' && bytes[i + 2] == '.';
        if (dots) {
          while (to > 0 && out[--to] != '/') {
            // back over the last segment
          }
        }
        if (dot || dots) {
          if (end == length) {
            out[to++] = '/';
          }
        } else {
          System.arraycopy(bytes, i, out, to, end - i);
          to += end - i;
        }
        i = end;
      }
      if (to == 0) {
        out[to++] = '/';
      }
      bytes = out;
      length = to;
    }

    void mergeSlashes() {
      int to = 0;
      for (int i = 0; i < length; i++) {
        if (bytes[i] != '/' || to == 0 || bytes[to - 1] != '/') {
          bytes[to++] = bytes[i];
        }
      }
      length = to;
    }
  }
}
