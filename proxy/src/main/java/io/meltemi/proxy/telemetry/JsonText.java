package io.meltemi.proxy.telemetry;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON (RFC 8259) without blanks. A value is a Map, List, String, Double or Boolean; any
 * other is null.
 */
public final class JsonText {
  private JsonText() {}

  /** A value whose fields stay in their order. */
  public static String of(Object value) {
    StringBuilder out = new StringBuilder();
    write(value, false, out);
    return out.toString();
  }

  /** A value whose fields are in the order of their names, at every level. */
  public static String sorted(Object value) {
    StringBuilder out = new StringBuilder();
    write(value, true, out);
    return out.toString();
  }

  private static void write(@Nullable Object value, boolean sorted, StringBuilder out) {
    switch (value) {
      case String text -> quote(text, out);
      case Boolean bool -> out.append(bool.booleanValue());
      case Double number -> {
        if (number == Math.rint(number) && Math.abs(number) < 1e15) {
          out.append(number.longValue());
        } else {
          out.append(number.doubleValue());
        }
      }
      case Map<?, ?> map -> {
        out.append('{');
        String comma = "";
        for (Map.Entry<?, ?> entry : (sorted ? new TreeMap<>(map) : map).entrySet()) {
          quote(String.valueOf(entry.getKey()), out.append(comma));
          write(entry.getValue(), sorted, out.append(':'));
          comma = ",";
        }
        out.append('}');
      }
      case List<?> list -> {
        out.append('[');
        String comma = "";
        for (Object item : list) {
          write(item, sorted, out.append(comma));
          comma = ",";
        }
        out.append(']');
      }
      case null, default -> out.append("null");
    }
  }

  /** Writes a string, its quotation marks included. */
  public static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
