package io.meltemi.xds.resource;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Resources of one type that were made together and go to many clients together. What it differs in
 * from another group is worked out once, for all who held the other. Immutable in what it answers;
 * belongs to one thread, because it remembers differences.
 */
public final class ResourceGroup {
  /** Holds nothing. */
  public static final ResourceGroup EMPTY = new ResourceGroup(Map.of(), true);

  /** Groups whose difference is remembered: usually one, the group before. */
  private static final int DIFFERENCES_MAX = 4;

  private final Map<String, EncodedResource> byName;
  private final boolean shared;
  private final ArrayDeque<Known> differences = new ArrayDeque<>(1);
  private final long bytes;

  /**
   * What one group has and another has not. Whoever asks for the same gets the same lists.
   *
   * @param changed resources that are new or different
   * @param changedNames their names
   * @param upserts these and, behind them, what is asked for though it is the same
   * @param removed names that are gone
   * @param changedBytes size of the changed messages
   * @param upsertBytes size of all messages to be sent
   * @param found how many of the names asked for are there
   */
  public record Difference(
      List<EncodedResource> changed,
      List<String> changedNames,
      List<EncodedResource> upserts,
      List<String> removed,
      long changedBytes,
      long upsertBytes,
      int found) {
    public static final Difference NONE =
        new Difference(List.of(), List.of(), List.of(), List.of(), 0, 0, 0);

    public boolean isEmpty() {
      return upserts.isEmpty() && removed.isEmpty();
    }
  }

  private record Known(ResourceGroup before, Set<String> again, Difference difference) {}

  private ResourceGroup(Map<String, EncodedResource> byName, boolean shared) {
    this.byName = byName;
    this.shared = shared;
    long sum = 0;
    for (EncodedResource resource : byName.values()) {
      sum += resource.sizeBytes();
    }
    this.bytes = sum;
  }

  /** A group in the order given; of two resources with one name the first counts. */
  public static ResourceGroup of(Collection<EncodedResource> resources) {
    if (resources.isEmpty()) {
      return EMPTY;
    }
    Map<String, EncodedResource> byName = LinkedHashMap.newLinkedHashMap(resources.size());
    resources.forEach(resource -> byName.putIfAbsent(resource.name(), resource));
    return new ResourceGroup(byName, true);
  }

  /** What a client says it has: versions by name, without content. */
  public static ResourceGroup known(Map<String, String> versions) {
    Map<String, EncodedResource> byName = LinkedHashMap.newLinkedHashMap(versions.size());
    versions.forEach((name, version) -> byName.put(name, EncodedResource.known(name, version)));
    return new ResourceGroup(byName, false);
  }

  public @Nullable EncodedResource get(String name) {
    return byName.get(name);
  }

  public boolean contains(String name) {
    return byName.containsKey(name);
  }

  public Set<String> names() {
    return Collections.unmodifiableSet(byName.keySet());
  }

  public Collection<EncodedResource> resources() {
    return Collections.unmodifiableCollection(byName.values());
  }

  public int size() {
    return byName.size();
  }

  public boolean isEmpty() {
    return byName.isEmpty();
  }

  /** Size of all encoded messages. */
  public long sizeBytes() {
    return bytes;
  }

  /** The same group when it has none of the names. */
  public ResourceGroup without(Collection<String> names) {
    if (names.stream().noneMatch(byName::containsKey)) {
      return this;
    }
    Map<String, EncodedResource> rest = new LinkedHashMap<>(byName);
    names.forEach(rest::remove);
    return new ResourceGroup(rest, false);
  }

  /** Those of some names; the same group when it has no others. */
  public ResourceGroup only(Set<String> names) {
    if (names.containsAll(byName.keySet())) {
      return this;
    }
    Map<String, EncodedResource> rest = new LinkedHashMap<>(byName);
    rest.keySet().retainAll(names);
    return new ResourceGroup(rest, false);
  }

  /** The same group with some resources in place of those of their names, or behind the others. */
  public ResourceGroup with(Collection<EncodedResource> replacements) {
    Map<String, EncodedResource> all = new LinkedHashMap<>(byName);
    replacements.forEach(resource -> all.put(resource.name(), resource));
    return new ResourceGroup(all, true);
  }

  /** True when names and versions are the same. */
  public boolean hasSameAs(ResourceGroup other) {
    return this == other || byName.equals(other.byName);
  }

  /** What a client lacks that has another group, and what it has too many. */
  public Difference since(ResourceGroup before) {
    return since(before, Set.of());
  }

  /**
   * The same with what a client is to get again.
   *
   * @param again names; the same set gives the same answer, so it must not change
   */
  public Difference since(ResourceGroup before, Set<String> again) {
    if (this == before && again.isEmpty()) {
      return Difference.NONE;
    }
    for (Known known : differences) {
      if (known.before == before && known.again == again) {
        return known.difference;
      }
    }
    Difference difference = compare(before, again);
    if (before.shared) {
      if (differences.size() >= DIFFERENCES_MAX) {
        differences.removeFirst();
      }
      differences.addLast(new Known(before, again, difference));
    }
    return difference;
  }

  private static long bytes(List<EncodedResource> resources) {
    long bytes = 0;
    for (EncodedResource resource : resources) {
      bytes += resource.sizeBytes();
    }
    return bytes;
  }

  private Difference compare(ResourceGroup before, Set<String> again) {
    List<EncodedResource> changed = new ArrayList<>();
    List<EncodedResource> same = new ArrayList<>();
    int found = 0;
    int kept = 0;
    for (EncodedResource resource : byName.values()) {
      @Nullable EncodedResource then = before.byName.get(resource.name());
      if (then != null) {
        kept++;
      }
      boolean asked = again.contains(resource.name());
      found += asked ? 1 : 0;
      if (!resource.equals(then)) {
        changed.add(resource);
      } else if (asked) {
        same.add(resource);
      }
    }
    List<String> removed = new ArrayList<>();
    if (kept < before.size()) {
      for (String name : before.byName.keySet()) {
        if (!byName.containsKey(name)) {
          removed.add(name);
        }
      }
    }
    if (changed.isEmpty() && same.isEmpty() && removed.isEmpty() && found == 0) {
      return Difference.NONE;
    }
    List<String> names = changed.stream().map(EncodedResource::name).toList();
    List<EncodedResource> upserts = List.copyOf(changed);
    same.addAll(0, changed);
    return new Difference(
        upserts,
        names,
        same.size() == changed.size() ? upserts : List.copyOf(same),
        List.copyOf(removed),
        bytes(changed),
        bytes(same),
        found);
  }
}
