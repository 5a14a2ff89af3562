package io.meltemi.config.store;

import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.resource.ResourceName;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** All resources in force at one moment. Immutable; any thread. */
public final class ConfigSnapshot {
  public static final ConfigSnapshot EMPTY = new ConfigSnapshot(0, new HashMap<>());

  private final long version;
  private final Map<ResourceKind<?>, OfKind> kinds;

  private record OfKind(Map<ResourceName, Resource<?>> byName, List<Resource<?>> ordered) {}

  private ConfigSnapshot(long version, Map<ResourceKind<?>, OfKind> kinds) {
    this.version = version;
    this.kinds = kinds;
  }

  /** A snapshot of some resources, for tests and tools; the last of equal names wins. */
  public static ConfigSnapshot of(List<Resource<?>> resources) {
    Map<ResourceKind<?>, Map<ResourceName, Resource<?>>> touched = new HashMap<>();
    for (Resource<?> resource : resources) {
      touched
          .computeIfAbsent(resource.kind(), _ -> new LinkedHashMap<>())
          .put(resource.id(), resource);
    }
    return EMPTY.with(touched);
  }

  /** Grows with every change of the store. */
  public long version() {
    return version;
  }

  /** All resources of a kind in Istio's order of precedence ({@link Resource#PRECEDENCE}). */
  @SuppressWarnings("unchecked") // a resource is filed under its own kind
  public <T> List<Resource<T>> list(ResourceKind<T> kind) {
    OfKind found = kinds.get(kind);
    return found == null ? List.of() : (List<Resource<T>>) (List<?>) found.ordered();
  }

  /** One resource. */
  @SuppressWarnings("unchecked") // a resource is filed under its own kind
  public <T> Optional<Resource<T>> get(ResourceKind<T> kind, ResourceName name) {
    OfKind found = kinds.get(kind);
    return found == null
        ? Optional.empty()
        : Optional.ofNullable((Resource<T>) found.byName().get(name));
  }

  /** The number of resources of all kinds. */
  public int size() {
    int size = 0;
    for (OfKind ofKind : kinds.values()) {
      size += ofKind.ordered().size();
    }
    return size;
  }

  /** The same without the resources that fail a test; itself when none does. */
  public ConfigSnapshot filtered(Predicate<Resource<?>> kept) {
    Map<ResourceKind<?>, OfKind> next = new HashMap<>();
    kinds.forEach(
        (kind, all) -> {
          if (!all.ordered().stream().allMatch(kept)) {
            List<Resource<?>> ordered = all.ordered().stream().filter(kept).toList();
            Map<ResourceName, Resource<?>> byName = new HashMap<>();
            ordered.forEach(resource -> byName.put(resource.id(), resource));
            next.put(kind, new OfKind(byName, ordered));
          }
        });
    if (next.isEmpty()) {
      return this;
    }
    kinds.forEach(next::putIfAbsent);
    return new ConfigSnapshot(version, next);
  }

  /** A later snapshot in which the given kinds hold exactly the given resources. */
  ConfigSnapshot with(Map<ResourceKind<?>, Map<ResourceName, Resource<?>>> touched) {
    Map<ResourceKind<?>, OfKind> next = new HashMap<>(kinds);
    touched.forEach(
        (kind, byName) -> {
          List<Resource<?>> ordered = new ArrayList<>(byName.values());
          ordered.sort(Resource.PRECEDENCE);
          next.put(kind, new OfKind(Map.copyOf(byName), Collections.unmodifiableList(ordered)));
        });
    return new ConfigSnapshot(version + 1, next);
  }
}
