package io.meltemi.proxy.snapshot;

import io.meltemi.xds.resource.TypeUrl;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * Every resource as received, for {@code /config_dump}: bytes, not parsed messages. One slot for
 * what is in force, one for what is warming and one for what was refused. Any thread.
 */
public final class ResourceTable {
  private final Map<LoadedResource.State, Map<TypeUrl, Map<String, LoadedResource>>> tables =
      new ConcurrentHashMap<>();

  private Map<String, LoadedResource> table(LoadedResource.State state, TypeUrl type) {
    return tables
        .computeIfAbsent(state, _ -> new ConcurrentHashMap<>())
        .computeIfAbsent(type, _ -> new ConcurrentSkipListMap<>());
  }

  /** The resources of a type and state, by name. */
  public Collection<LoadedResource> list(TypeUrl type, LoadedResource.State state) {
    return List.copyOf(table(state, type).values());
  }

  /** Types of which there is anything. */
  public Collection<TypeUrl> types() {
    Map<TypeUrl, Boolean> types = new TreeMap<>();
    tables.values().forEach(byType -> byType.keySet().forEach(type -> types.put(type, true)));
    return types.keySet();
  }

  @Nullable LoadedResource get(TypeUrl type, LoadedResource.State state, String name) {
    return table(state, type).get(name);
  }

  void put(TypeUrl type, LoadedResource resource) {
    table(resource.state(), type).put(resource.name(), resource);
    if (resource.state() == LoadedResource.State.ACTIVE) {
      table(LoadedResource.State.WARMING, type).remove(resource.name());
    }
    if (resource.state() != LoadedResource.State.REFUSED) {
      table(LoadedResource.State.REFUSED, type).remove(resource.name());
    }
  }

  void remove(TypeUrl type, String name) {
    for (LoadedResource.State state : LoadedResource.State.values()) {
      table(state, type).remove(name);
    }
  }
}
