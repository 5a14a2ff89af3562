package io.meltemi.it.traffic;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON as maps, lists, strings, longs, doubles and booleans. */
final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_LONG_FOR_INTS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
          .build();

  private Json() {}

  /** Reads a text; null when it is not JSON. */
  static @Nullable Object parse(String text) {
    try {
      return MAPPER.readValue(text, Object.class);
    } catch (JacksonException e) {
      return null;
    }
  }

  /** Writes maps, iterables, strings, numbers and booleans. */
  static String write(@Nullable Object value) {
    return MAPPER.writeValueAsString(value);
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
