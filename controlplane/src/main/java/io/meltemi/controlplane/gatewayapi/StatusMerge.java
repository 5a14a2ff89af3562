package io.meltemi.controlplane.gatewayapi;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Puts our part of a status into what the object says already. Entries of other controllers and
 * conditions of other types stay where they are; entries of ours that no longer apply go.
 */
final class StatusMerge {
  private static final Set<String> CONTROLLERS =
      Set.of(GatewayClasses.GATEWAY_CONTROLLER, GatewayClasses.MESH_CONTROLLER);
  private static final int ANCESTORS_MAX = 16;

  private final String namespace;

  /**
   * A merge for one object.
   *
   * @param namespace of the object, which references need not say
   */
  StatusMerge(String namespace) {
    this.namespace = namespace;
  }

  /** The whole status. */
  Map<String, Object> merge(Map<?, ?> existing, Map<String, Object> ours) {
    Map<String, Object> merged = new TreeMap<>(ours);
    ours.forEach(
        (field, value) -> {
          List<Map<?, ?>> before = maps(existing.get(field));
          switch (field) {
            case "conditions" -> merged.put(field, conditions(before, maps(value)));
            case "listeners" -> merged.put(field, listeners(before, maps(value)));
            case "parents" -> merged.put(field, entries("parentRef", before, maps(value)));
            case "ancestors" -> {
              List<Object> all = entries("ancestorRef", before, maps(value));
              merged.put(field, all.subList(0, Math.min(all.size(), ANCESTORS_MAX)));
            }
            default -> {}
          }
        });
    return merged;
  }

  private List<Object> entries(String ref, List<Map<?, ?>> existing, List<Map<?, ?>> ours) {
    List<Map<?, ?>> rest = new ArrayList<>(ours);
    List<Object> merged = new ArrayList<>();
    for (Map<?, ?> before : existing) {
      if (!CONTROLLERS.contains(text(before, "controllerName"))) {
        merged.add(before);
      } else {
        Optional<Map<?, ?>> now =
            rest.stream().filter(entry -> sameRef(before.get(ref), entry.get(ref))).findFirst();
        now.ifPresent(
            entry -> {
              rest.remove(entry);
              merged.add(withConditions(before, entry));
            });
      }
    }
    merged.addAll(rest);
    return merged;
  }

  private static List<Object> listeners(List<Map<?, ?>> existing, List<Map<?, ?>> ours) {
    List<Object> merged = new ArrayList<>();
    for (Map<?, ?> listener : ours) {
      merged.add(
          existing.stream()
              .filter(before -> text(before, "name").equals(text(listener, "name")))
              .findFirst()
              .<Object>map(before -> withConditions(before, listener))
              .orElse(listener));
    }
    return merged;
  }

  private static Map<String, Object> withConditions(Map<?, ?> before, Map<?, ?> now) {
    Map<String, Object> merged = new TreeMap<>();
    now.forEach((field, value) -> merged.put(String.valueOf(field), value));
    merged.put(
        "conditions", conditions(maps(before.get("conditions")), maps(now.get("conditions"))));
    return merged;
  }

  private static List<Object> conditions(List<Map<?, ?>> existing, List<Map<?, ?>> ours) {
    Map<String, Object> byType = new LinkedHashMap<>();
    existing.forEach(condition -> byType.put(text(condition, "type"), condition));
    ours.forEach(condition -> byType.put(text(condition, "type"), condition));
    return List.copyOf(byType.values());
  }

  private boolean sameRef(@Nullable Object one, @Nullable Object other) {
    return one instanceof Map<?, ?> a && other instanceof Map<?, ?> b && key(a).equals(key(b));
  }

  private List<String> key(Map<?, ?> ref) {
    return List.of(
        ref.containsKey("group") ? text(ref, "group") : "gateway.networking.k8s.io",
        ref.containsKey("kind") ? text(ref, "kind") : "Gateway",
        ref.containsKey("namespace") ? text(ref, "namespace") : namespace,
        text(ref, "name"),
        text(ref, "sectionName"),
        text(ref, "port"));
  }

  private static String text(Map<?, ?> map, String field) {
    Object value = map.get(field);
    return value == null ? "" : String.valueOf(value);
  }

  private static List<Map<?, ?>> maps(@Nullable Object value) {
    List<Map<?, ?>> maps = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object item : list) {
        if (item instanceof Map<?, ?> map) {
          maps.add(map);
        }
      }
    }
    return maps;
  }
}
