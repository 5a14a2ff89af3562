package io.meltemi.config.kind.configmap;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Named texts.
 *
 * @param data key to text, sorted by key
 */
public record ConfigMap(Map<String, String> data) {
  public ConfigMap {
    data = Collections.unmodifiableMap(new TreeMap<>(data));
  }
}
