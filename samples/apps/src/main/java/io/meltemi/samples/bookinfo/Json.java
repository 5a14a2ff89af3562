package io.meltemi.samples.bookinfo;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A small JSON reader and writer (RFC 8259). Objects are insertion-ordered maps, arrays are lists,
 * numbers are {@link BigDecimal}, the rest are String, Boolean and null.
 */
final class Json {
  private static final int DEPTH_MAX = 64;

  private final String text;
  private int position;

  private Json(String text) {
    this.text = text;
  }

  /**
   * Reads one document.
   *
   * @throws IllegalArgumentException saying where the text stops being JSON
   */
  static @Nullable Object parse(String text) {
    Json json = new Json(text);
    Object value = json.value(0);
    json.skipSpace();
    if (json.position != text.length()) {
      throw json.unexpected("end of text");
    }
    return value;
  }

  /** The value as an object, or an empty one when it is something else. */
  @SuppressWarnings("unchecked") // every object made by parse has String keys
  static Map<String, @Nullable Object> object(@Nullable Object value) {
    return value instanceof Map<?, ?> ? (Map<String, @Nullable Object>) value : Map.of();
  }

  /** The value as an array, or an empty one when it is something else. */
  @SuppressWarnings("unchecked") // a list of anything
  static List<@Nullable Object> array(@Nullable Object value) {
    return value instanceof List<?> ? (List<@Nullable Object>) value : List.of();
  }

  /** The value as text; empty when null. */
  static String string(@Nullable Object value) {
    return value == null ? "" : value.toString();
  }

  /** Writes maps, lists, strings, numbers, booleans and null without spaces. */
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
      case List<?> list -> {
        out.append('[');
        String separator = "";
        for (Object item : list) {
          out.append(separator);
          write(item, out);
          separator = ",";
        }
        out.append(']');
      }
      case Number number -> out.append(number);
      case Boolean bool -> out.append(bool);
      default -> quote(value.toString(), out);
    }
  }

  private static void quote(String value, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < 0x20 || c == '<') {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  private @Nullable Object value(int depth) {
    if (depth > DEPTH_MAX) {
      throw unexpected("at most " + DEPTH_MAX + " levels");
    }
    skipSpace();
    if (position == text.length()) {
      throw unexpected("a value");
    }
    char c = text.charAt(position);
    return switch (c) {
      case '{' -> readObject(depth);
      case '[' -> readArray(depth);
      case '"' -> readString();
      case 't' -> word("true", true);
      case 'f' -> word("false", false);
      case 'n' -> word("null", null);
      default -> readNumber();
    };
  }

  private Map<String, @Nullable Object> readObject(int depth) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    position++;
    skipSpace();
    if (accept('}')) {
      return object;
    }
    do {
      skipSpace();
      String key = readString();
      skipSpace();
      expect(':');
      object.put(key, value(depth + 1));
      skipSpace();
    } while (accept(','));
    expect('}');
    return object;
  }

  private List<@Nullable Object> readArray(int depth) {
    List<@Nullable Object> array = new ArrayList<>();
    position++;
    skipSpace();
    if (accept(']')) {
      return array;
    }
    do {
      array.add(value(depth + 1));
      skipSpace();
    } while (accept(','));
    expect(']');
    return array;
  }

  private String readString() {
    expect('"');
    StringBuilder out = new StringBuilder();
    while (position < text.length()) {
      char c = text.charAt(position++);
      if (c == '"') {
        return out.toString();
      }
      if (c != '\\') {
        out.append(c);
        continue;
      }
      if (position == text.length()) {
        break;
      }
      char escaped = text.charAt(position++);
      switch (escaped) {
        case '"', '\\', '/' -> out.append(escaped);
        case 'b' -> out.append('\b');
        case 'f' -> out.append('\f');
        case 'n' -> out.append('\n');
        case 'r' -> out.append('\r');
        case 't' -> out.append('\t');
        case 'u' -> out.append(readHex());
        default -> throw unexpected("an escape");
      }
    }
    throw unexpected("a closing quote");
  }

  private char readHex() {
    if (position + 4 > text.length()) {
      throw unexpected("four hex digits");
    }
    try {
      char c = (char) Integer.parseInt(text, position, position + 4, 16);
      position += 4;
      return c;
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("JSON at " + position + ": expected four hex digits", e);
    }
  }

  private BigDecimal readNumber() {
    int start = position;
    while (position < text.length() && "+-.0123456789eE".indexOf(text.charAt(position)) >= 0) {
      position++;
    }
    try {
      return new BigDecimal(text.substring(start, position));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("JSON at " + start + ": expected a value", e);
    }
  }

  private @Nullable Object word(String word, @Nullable Object value) {
    if (!text.startsWith(word, position)) {
      throw unexpected(word);
    }
    position += word.length();
    return value;
  }

  private void skipSpace() {
    while (position < text.length() && " \t\r\n".indexOf(text.charAt(position)) >= 0) {
      position++;
    }
  }

  private boolean accept(char c) {
    if (position < text.length() && text.charAt(position) == c) {
      position++;
      return true;
    }
    return false;
  }

  private void expect(char c) {
    if (!accept(c)) {
      throw unexpected("'" + c + "'");
    }
  }

  private IllegalArgumentException unexpected(String expected) {
    return new IllegalArgumentException("JSON at " + position + ": expected " + expected);
  }
}
