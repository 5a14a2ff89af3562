package io.meltemi.controlplane.deployment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Kubernetes' strategic merge: maps are merged, lists of named things by their key, other lists are
 * replaced, a null takes away.
 *
 * @see <a
 *     href="https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md">Strategic
 *     merge patch</a>
 */
final class StrategicMerge {
  private static final String DIRECTIVE = "$patch";
  private static final int DEPTH_MAX = 64;

  /** The key by which the entries of a list are told apart; lists not here are replaced. */
  private static final Map<String, String> KEYS =
      Map.ofEntries(
          Map.entry("containers", "name"),
          Map.entry("initContainers", "name"),
          Map.entry("ephemeralContainers", "name"),
          Map.entry("env", "name"),
          Map.entry("volumes", "name"),
          Map.entry("imagePullSecrets", "name"),
          Map.entry("resourceClaims", "name"),
          Map.entry("secrets", "name"),
          Map.entry("volumeMounts", "mountPath"),
          Map.entry("volumeDevices", "devicePath"),
          Map.entry("hostAliases", "ip"),
          Map.entry("topologySpreadConstraints", "topologyKey"),
          Map.entry("ownerReferences", "uid"));

  private StrategicMerge() {}

  /** What comes of laying a patch over an object. */
  static Map<String, Object> merge(Map<String, Object> object, Map<?, ?> patch) {
    return merge(object, patch, 0);
  }

  private static Map<String, Object> merge(Map<?, ?> object, Map<?, ?> patch, int depth) {
    if (depth > DEPTH_MAX) {
      throw new IllegalArgumentException("more than " + DEPTH_MAX + " levels");
    }
    Map<String, Object> merged = new LinkedHashMap<>();
    if (!"replace".equals(patch.get(DIRECTIVE))) {
      object.forEach((key, value) -> merged.put(String.valueOf(key), value));
    }
    patch.forEach(
        (key, value) -> {
          String name = String.valueOf(key);
          if (value == null) {
            merged.remove(name);
          } else if (!name.equals(DIRECTIVE)) {
            merged.put(name, merge(name, merged.get(name), value, depth));
          }
        });
    return merged;
  }

  private static Object merge(String name, @Nullable Object before, Object patch, int depth) {
    if (patch instanceof Map<?, ?> map) {
      return merge(before instanceof Map<?, ?> existing ? existing : Map.of(), map, depth + 1);
    }
    if (patch instanceof List<?> items) {
      String key = key(name, items);
      return key.isEmpty() || !(before instanceof List<?> existing)
          ? items
          : mergeLists(existing, items, key, depth);
    }
    return patch;
  }

  private static String key(String name, List<?> items) {
    if (name.equals("ports")) {
      boolean ofContainer =
          items.stream().anyMatch(i -> i instanceof Map<?, ?> m && m.containsKey("containerPort"));
      return ofContainer ? "containerPort" : "port";
    }
    return KEYS.getOrDefault(name, "");
  }

  private static List<Object> mergeLists(List<?> before, List<?> patch, String key, int depth) {
    List<Object> merged = new ArrayList<>(before);
    for (Object item : patch) {
      if (!(item instanceof Map<?, ?> map)) {
        throw new IllegalArgumentException("an entry without " + key);
      }
      if (map.get(key) == null && "replace".equals(map.get(DIRECTIVE))) {
        merged.clear();
        continue;
      }
      int at = indexOf(merged, key, map.get(key));
      if ("delete".equals(map.get(DIRECTIVE))) {
        if (at >= 0) {
          merged.remove(at);
        }
      } else if (at >= 0) {
        merged.set(at, merge((Map<?, ?>) merged.get(at), map, depth + 1));
      } else {
        merged.add(merge(Map.of(), map, depth + 1));
      }
    }
    return merged;
  }

  private static int indexOf(List<Object> items, String key, @Nullable Object value) {
    for (int i = 0; i < items.size(); i++) {
      if (items.get(i) instanceof Map<?, ?> map
          && Objects.equals(text(map.get(key)), text(value))) {
        return i;
      }
    }
    return -1;
  }

  private static @Nullable String text(@Nullable Object value) {
    return value == null ? null : value.toString();
  }
}
