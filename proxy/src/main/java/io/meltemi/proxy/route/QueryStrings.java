package io.meltemi.proxy.route;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the query of a request's path. Any thread. */
public final class QueryStrings {
  private QueryStrings() {}

  /** The first value of a parameter, names and values decoded; null when there is none. */
  public static @Nullable String first(HeaderBlock headers, String name) {
    String path = headers.get(HeaderName.PATH);
    int mark = path == null ? -1 : path.indexOf('?');
    if (path == null || mark < 0) {
      return null;
    }
    int fragment = path.indexOf('#', mark);
    int end = fragment < 0 ? path.length() : fragment;
    int at = mark + 1;
    while (at < end) {
      int next = path.indexOf('&', at);
      int pairEnd = next < 0 || next > end ? end : next;
      int equals = path.indexOf('=', at);
      int nameEnd = equals < 0 || equals > pairEnd ? pairEnd : equals;
      if (decode(path.substring(at, nameEnd)).equals(name)) {
        return nameEnd == pairEnd ? "" : decode(path.substring(nameEnd + 1, pairEnd));
      }
      at = pairEnd + 1;
    }
    return null;
  }

  /** Takes every pair of a parameter out of the path. */
  public static void remove(HeaderBlock headers, String name) {
    String path = headers.get(HeaderName.PATH);
    int mark = path == null ? -1 : path.indexOf('?');
    if (path == null || mark < 0) {
      return;
    }
    StringBuilder kept = new StringBuilder(path.substring(0, mark));
    char separator = '?';
    for (String pair : path.substring(mark + 1).split("&", -1)) {
      int equals = pair.indexOf('=');
      if (!decode(equals < 0 ? pair : pair.substring(0, equals)).equals(name)) {
        kept.append(separator).append(pair);
        separator = '&';
      }
    }
    headers.set(HeaderName.PATH, kept.toString());
  }

  /** Whether all matchers hold for the query. */
  static boolean holdAll(List<QueryParameterMatcher> matchers, HeaderBlock headers) {
    int index = headers.find(HeaderName.PATH);
    if (index < 0) {
      return false;
    }
    byte[] array = headers.array();
    int end = headers.valueStart(index) + headers.valueLength(index);
    int start = headers.valueStart(index);
    while (start < end && array[start] != '?') {
      start++;
    }
    start++;
    for (int i = 0; i < matchers.size(); i++) {
      if (!matchers.get(i).matches(array, start, end)) {
        return false;
      }
    }
    return true;
  }

  /** What is no proper escape stays as it is. */
  private static String decode(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int high = c == '%' && i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
      int low = high >= 0 ? Character.digit(text.charAt(i + 2), 16) : -1;
      if (low >= 0) {
        out.write(high << 4 | low);
        i += 2;
      } else {
        out.write(c);
      }
    }
    return out.toString(StandardCharsets.ISO_8859_1);
  }
}
