package io.meltemi.common.labels;

import java.util.Map;
import java.util.TreeMap;

/**
 * A set of Kubernetes labels.
 *
 * @param values key to value, sorted by key
 */
public record Labels(Map<String, String> values) {
  public static final Labels EMPTY = new Labels(Map.of());

  public Labels {
    values = java.util.Collections.unmodifiableMap(new TreeMap<>(values));
  }

  public static Labels of(Map<String, String> values) {
    return values.isEmpty() ? EMPTY : new Labels(values);
  }

  public boolean isEmpty() {
    return values.isEmpty();
  }

  /** The value of a key, or the given default. */
  public String get(String key, String missing) {
    return values.getOrDefault(key, missing);
  }

  /**
   * True when every entry of the selector is present here; an empty selector matches everything.
   */
  public boolean matches(Labels selector) {
    for (Map.Entry<String, String> entry : selector.values.entrySet()) {
      if (!entry.getValue().equals(values.get(entry.getKey()))) {
        return false;
      }
    }
    return true;
  }
}
