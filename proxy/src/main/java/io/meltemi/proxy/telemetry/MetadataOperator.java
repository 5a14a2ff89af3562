package io.meltemi.proxy.telemetry;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code %DYNAMIC_METADATA(NAMESPACE:KEY:KEY...)%}: a text as it is, anything else as JSON.
 *
 * @param path empty for all fields of the namespace
 */
record MetadataOperator(String namespace, List<String> path) implements FormatOperator {
  MetadataOperator {
    path = List.copyOf(path);
  }

  static MetadataOperator parse(String parameter) throws FormatOperators.Unsupported {
    List<String> parts = List.of(parameter.split(":", -1));
    if (parts.stream().anyMatch(String::isEmpty)) {
      throw new FormatOperators.Unsupported("a namespace, and keys behind colons");
    }
    return new MetadataOperator(parts.getFirst(), parts.subList(1, parts.size()));
  }

  @Override
  public boolean write(StreamInfo info, FormatOutput out) {
    Object value;
    if (path.isEmpty()) {
      Map<String, Object> all = info.dynamicMetadata.all(namespace);
      value = all.isEmpty() ? null : all;
    } else {
      value = info.dynamicMetadata.get(namespace, path);
    }
    if (value == null) {
      return false;
    }
    out.add(DynamicMetadata.text(value));
    return true;
  }

  static StringBuilder json(@Nullable Object value, StringBuilder out) {
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
        for (Map.Entry<?, ?> entry : new java.util.TreeMap<>(map).entrySet()) {
          out.append(comma);
          quote(String.valueOf(entry.getKey()), out);
          json(entry.getValue(), out.append(':'));
          comma = ",";
        }
        out.append('}');
      }
      case List<?> list -> {
        out.append('[');
        String comma = "";
        for (Object item : list) {
          json(item, out.append(comma));
          comma = ",";
        }
        out.append(']');
      }
      case null, default -> out.append("null");
    }
    return out;
  }

  private static void quote(String text, StringBuilder out) {
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
