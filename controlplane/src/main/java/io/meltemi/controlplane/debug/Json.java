package io.meltemi.controlplane.debug;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Origin;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Writes maps, collections, records and simple values as indented JSON. What is empty in a record
 * is left out; a variant of a sealed family says its name in {@code kind}.
 */
final class Json {
  private static final int DEPTH_MAX = 64;
  private final StringBuilder out = new StringBuilder();

  private Json() {}

  /** Text that is JSON already. */
  record Raw(String json) {}

  static String write(Object value) {
    Json json = new Json();
    json.value(value, 0);
    return json.out.append('\n').toString();
  }

  private void value(@Nullable Object value, int depth) {
    if (depth > DEPTH_MAX) {
      text("…");
      return;
    }
    switch (value) {
      case null -> out.append("null");
      case Boolean flag -> out.append(flag);
      case Double number -> out.append(number.isNaN() || number.isInfinite() ? 0 : number);
      case Number number -> out.append(number);
      case Raw raw -> out.append(raw.json());
      case Labels labels -> map(labels.values(), depth);
      case Map<?, ?> map -> map(map, depth);
      case Collection<?> items -> list(items, depth);
      case Optional<?> optional -> value(optional.orElse(null), depth);
      case OptionalInt optional -> value(optional.isPresent() ? optional.getAsInt() : null, depth);
      case OptionalLong optional ->
          value(optional.isPresent() ? optional.getAsLong() : null, depth);
      case Duration duration -> text(seconds(duration));
      case Origin origin -> text(origin.toString());
      case Record data -> data(data, depth);
      default -> text(value.toString());
    }
  }

  private static String seconds(Duration duration) {
    return new BigDecimal(duration.toNanos()).movePointLeft(9).stripTrailingZeros().toPlainString()
        + "s";
  }

  private void map(Map<?, ?> map, int depth) {
    if (map.isEmpty()) {
      out.append("{}");
      return;
    }
    char separator = '{';
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      out.append(separator);
      member(String.valueOf(entry.getKey()), entry.getValue(), depth);
      separator = ',';
    }
    line(depth).append('}');
  }

  private void member(String name, @Nullable Object value, int depth) {
    line(depth + 1);
    text(name);
    out.append(": ");
    value(value, depth + 1);
  }

  private void list(Collection<?> items, int depth) {
    if (items.isEmpty()) {
      out.append("[]");
      return;
    }
    char separator = '[';
    for (Object item : items) {
      out.append(separator);
      line(depth + 1);
      value(item, depth + 1);
      separator = ',';
    }
    line(depth).append(']');
  }

  private void data(Record data, int depth) {
    char separator = '{';
    Class<?>[] families = data.getClass().getInterfaces();
    if (families.length > 0 && families[0].isSealed()) {
      out.append(separator);
      member("kind", data.getClass().getSimpleName(), depth);
      separator = ',';
    }
    for (RecordComponent component : data.getClass().getRecordComponents()) {
      Object value = read(data, component);
      if (value != null && !isEmpty(value)) {
        out.append(separator);
        member(component.getName(), value, depth);
        separator = ',';
      }
    }
    if (separator == '{') {
      out.append("{}");
    } else {
      line(depth).append('}');
    }
  }

  private static boolean isEmpty(Object value) {
    return switch (value) {
      case Collection<?> items -> items.isEmpty();
      case Map<?, ?> map -> map.isEmpty();
      case Labels labels -> labels.isEmpty();
      case Optional<?> optional -> optional.isEmpty();
      case OptionalInt optional -> optional.isEmpty();
      case OptionalLong optional -> optional.isEmpty();
      case String text -> text.isEmpty();
      case Instant instant -> instant.equals(Instant.EPOCH);
      default -> false;
    };
  }

  private static @Nullable Object read(Record data, RecordComponent component) {
    try {
      component.getAccessor().setAccessible(true);
      return component.getAccessor().invoke(data);
    } catch (ReflectiveOperationException e) {
      return e.toString();
    }
  }

  private StringBuilder line(int depth) {
    return out.append('\n').repeat("  ", depth);
  }

  private void text(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < ' ' || c == '<') {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
