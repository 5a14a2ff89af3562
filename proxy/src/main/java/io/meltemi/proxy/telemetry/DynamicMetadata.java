package io.meltemi.proxy.telemetry;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What filters tell each other and the access log about a stream or a connection: fields in
 * namespaces, most often a filter's canonical name. A value is a Map, List, String, Double,
 * Boolean, or an empty Optional for JSON null. Adding keeps the map that is given, so that a
 * constant one costs nothing. Event loop of the stream only.
 */
public final class DynamicMetadata {
  private static final Map<String, Object> NO_FIELDS = Map.of();
  private static final int INITIAL = 4;

  private String[] namespaces = {};
  private Object[] fields = {};
  private int size;

  /**
   * Lays fields over those that the namespace has.
   *
   * @param added never changed afterwards
   */
  public void add(String namespace, Map<String, Object> added) {
    if (size == namespaces.length) {
      int capacity = Math.max(INITIAL, size * 2);
      namespaces = Arrays.copyOf(namespaces, capacity);
      Arrays.fill(namespaces, size, capacity, "");
      fields = Arrays.copyOf(fields, capacity);
      Arrays.fill(fields, size, capacity, NO_FIELDS);
    }
    namespaces[size] = namespace;
    fields[size] = added;
    size++;
  }

  /** A field; null when there is none. */
  public @Nullable Object get(String namespace, String field) {
    for (int i = size - 1; i >= 0; i--) {
      if (namespaces[i].equals(namespace)) {
        Object value = fields(i).get(field);
        if (value != null) {
          return value;
        }
      }
    }
    return null;
  }

  /** The value at the end of a path of fields, which is not empty; null when there is none. */
  public @Nullable Object get(String namespace, List<String> path) {
    return descend(get(namespace, path.getFirst()), path);
  }

  /** Follows a path from the value of its first field; null where it breaks off. */
  public static @Nullable Object descend(@Nullable Object first, List<String> path) {
    Object value = first;
    for (int i = 1; i < path.size() && value != null; i++) {
      value = value instanceof Map<?, ?> map ? map.get(path.get(i)) : null;
    }
    return value;
  }

  /** A value as a text: one that is a text as it is, any other as JSON. */
  public static String text(Object value) {
    return value instanceof String text ? text : JsonText.sorted(value);
  }

  /** All fields of a namespace; empty when it has none. Allocates. */
  public Map<String, Object> all(String namespace) {
    Map<String, Object> merged = new LinkedHashMap<>();
    for (int i = 0; i < size; i++) {
      if (namespaces[i].equals(namespace)) {
        merged.putAll(fields(i));
      }
    }
    return merged;
  }

  @SuppressWarnings("unchecked") // add takes nothing else
  private Map<String, Object> fields(int index) {
    return (Map<String, Object>) fields[index];
  }

  /** The namespaces that have fields, each once. Allocates. */
  public Set<String> namespaces() {
    return new LinkedHashSet<>(List.of(namespaces).subList(0, size));
  }

  public boolean isEmpty() {
    return size == 0;
  }

  public void clear() {
    while (size > 0) {
      size--;
      namespaces[size] = "";
      fields[size] = NO_FIELDS;
    }
  }
}
