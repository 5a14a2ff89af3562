package io.meltemi.it.traffic;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON as maps, lists, strings, longs, doubles and booleans (RFC 8259). */
final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /** Reads a text; null when it is not JSON. */
  static @Nullable Object parse(String text) {
    Json json = new Json(text);
    try {
      Object value = json.value();
      json.space();
      return json.at == text.length() ? value : null;
    } catch (IndexOutOfBoundsException | NumberFormatException e) {
      return null;
    }
  }

  private void space() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }

  private @Nullable Object value() {
    space();
    char first = text.charAt(at);
    return switch (first) {
      case '{' -> object();
      case '[' -> array();
      case '"' -> string();
      case 't', 'f', 'n' -> word();
      default -> number();
    };
  }

  private Map<String, @Nullable Object> object() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    at++;
    space();
    if (text.charAt(at) == '}') {
      at++;
      return map;
    }
    while (true) {
      space();
      expect('"', false);
      String key = string();
      space();
      expect(':', true);
      map.put(key, value());
      space();
      if (text.charAt(at++) == '}') {
        return map;
      }
      expectLast(',');
    }
  }

  private List<@Nullable Object> array() {
    List<@Nullable Object> list = new ArrayList<>();
    at++;
    space();
    if (text.charAt(at) == ']') {
      at++;
      return list;
    }
    while (true) {
      list.add(value());
      space();
      if (text.charAt(at++) == ']') {
        return list;
      }
      expectLast(',');
    }
  }

  private void expect(char wanted, boolean take) {
    if (text.charAt(at) != wanted) {
      throw new NumberFormatException("at " + at);
    }
    if (take) {
      at++;
    }
  }

  private void expectLast(char wanted) {
    if (text.charAt(at - 1) != wanted) {
      throw new NumberFormatException("at " + at);
    }
  }

  private String string() {
    StringBuilder out = new StringBuilder();
    at++;
    while (true) {
      char c = text.charAt(at++);
      if (c == '"') {
        return out.toString();
      }
      if (c != '\\') {
        out.append(c);
        continue;
      }
      char escaped = text.charAt(at++);
      switch (escaped) {
        case 'n' -> out.append('\n');
        case 'r' -> out.append('\r');
        case 't' -> out.append('\t');
        case 'b' -> out.append('\b');
        case 'f' -> out.append('\f');
        case 'u' -> {
          out.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
          at += 4;
        }
        default -> out.append(escaped);
      }
    }
  }

  private @Nullable Object word() {
    for (String word : List.of("true", "false", "null")) {
      if (text.startsWith(word, at)) {
        at += word.length();
        return word.equals("null") ? null : (Object) word.equals("true");
      }
    }
    throw new NumberFormatException("at " + at);
  }

  private Object number() {
    int start = at;
    while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    String number = text.substring(start, at);
    if (number.chars().allMatch(c -> c == '-' || Character.isDigit(c))) {
      return Long.parseLong(number);
    }
    return Double.parseDouble(number);
  }

  /** Writes maps, iterables, numbers and booleans; anything else as a string. */
  static String write(@Nullable Object value) {
    StringBuilder out = new StringBuilder();
    write(value, out);
    return out.toString();
  }

  private static void write(@Nullable Object value, StringBuilder out) {
    switch (value) {
      case null -> out.append("null");
      case Map<?, ?> map -> {
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          out.append(separator);
          quote(String.valueOf(entry.getKey()), out);
          out.append(':');
          write(entry.getValue(), out);
          separator = ",";
        }
        out.append('}');
      }
      case Iterable<?> list -> {
        out.append('[');
        String separator = "";
        for (Object each : list) {
          out.append(separator);
          write(each, out);
          separator = ",";
        }
        out.append(']');
      }
      case Number number -> out.append(number);
      case Boolean flag -> out.append(flag);
      default -> quote(value.toString(), out);
    }
  }

  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || c > '~') {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  /** The value at a path of keys and indexes, {@code a.b.0}; null when there is none. */
  static @Nullable Object at(@Nullable Object value, String path) {
    if (path.isEmpty()) {
      return value;
    }
    if (value instanceof Map<?, ?> map) {
      // a key may hold dots itself: the longest one that is there
      for (int end = path.length(); end > 0; end = path.lastIndexOf('.', end - 1)) {
        if (map.containsKey(path.substring(0, end))) {
          String rest = end == path.length() ? "" : path.substring(end + 1);
          return at(map.get(path.substring(0, end)), rest);
        }
      }
      return null;
    }
    if (value instanceof List<?> list) {
      int dot = path.indexOf('.');
      String head = dot < 0 ? path : path.substring(0, dot);
      String rest = dot < 0 ? "" : path.substring(dot + 1);
      if (head.equals("#")) {
        return (long) list.size();
      }
      if (head.equals("*")) {
        List<@Nullable Object> all = new ArrayList<>();
        list.forEach(each -> all.add(at(each, rest)));
        return all;
      }
      int index = head.chars().allMatch(Character::isDigit) ? Integer.parseInt(head) : -1;
      if (index >= 0 && index < list.size()) {
        return at(list.get(index), rest);
      }
    }
    return null;
  }
}
