package io.meltemi.config.kind.virtualservice;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Header changes on the way there and back. */
public record HeaderOperations(Changes request, Changes response) {
  public static final HeaderOperations NONE = new HeaderOperations(Changes.NONE, Changes.NONE);

  /**
   * Changes of one message.
   *
   * @param set overwrites; sorted by name
   * @param add appends; sorted by name
   */
  public record Changes(Map<String, String> set, Map<String, String> add, List<String> remove) {
    public static final Changes NONE = new Changes(Map.of(), Map.of(), List.of());

    public Changes {
      set = Collections.unmodifiableMap(new TreeMap<>(set));
      add = Collections.unmodifiableMap(new TreeMap<>(add));
      remove = List.copyOf(remove);
    }

    public boolean isEmpty() {
      return set.isEmpty() && add.isEmpty() && remove.isEmpty();
    }
  }

  public boolean isEmpty() {
    return request.isEmpty() && response.isEmpty();
  }
}
