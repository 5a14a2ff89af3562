package io.meltemi.config.store;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.resource.ResourceSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The resources in force. What a place (a file, say) says replaces what it said before; a resource
 * whose new text is invalid keeps its last good version; of two places that say the same name the
 * first in the order of location and line wins. A change that says nothing new fires nothing.
 *
 * <p>Any thread may call. Writers take turns; listeners are called by the writer, in order, before
 * its call returns, and must neither block nor write to the store.
 */
public final class ConfigStore implements ResourceSource.Listener {

  /** Hears of changes. */
  public interface Listener {
    /**
     * Some resources changed.
     *
     * @param changes at least one, one per resource
     * @param snapshot the state after them
     */
    void changed(List<ConfigChange> changes, ConfigSnapshot snapshot);

    /** The set of problems changed; all current ones, ordered by location and line. */
    default void problemsChanged(List<Problem> problems) {}
  }

  private record Key(ResourceKind<?> kind, ResourceName id) {
    @Override
    public String toString() {
      return kind.kind() + " " + id;
    }
  }

  /**
   * What a place says of one name.
   *
   * @param usable empty when invalid from the start
   */
  private record Entry(Optional<Resource<?>> usable, Origin origin) {}

  /** What a place says, by name in its order, and what is wrong with it. */
  private record Place(Map<Key, Entry> entries, List<Problem> problems) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private final TreeMap<String, Place> places = new TreeMap<>();
  private final Map<Key, Set<String>> placesOf = new HashMap<>();
  private final Map<Key, Resource<?>> inForce = new HashMap<>();
  private volatile ConfigSnapshot snapshot = ConfigSnapshot.EMPTY;
  private volatile List<Problem> problems = List.of();

  /** The resources in force now. */
  public ConfigSnapshot snapshot() {
    return snapshot;
  }

  /** What is wrong now, ordered by location and line; mended problems are gone. */
  public List<Problem> problems() {
    return problems;
  }

  /** Adds a listener, which hears of what changes from now on. */
  public void addListener(Listener listener) {
    listeners.add(listener);
  }

  public void removeListener(Listener listener) {
    listeners.remove(listener);
  }

  /** Puts resources of a program's own making under a location, in place of what stood there. */
  public void replace(String location, List<Resource<?>> resources) {
    List<Decoded> documents = new ArrayList<>();
    for (Resource<?> resource : resources) {
      documents.add(new Decoded.Accepted(resource, List.of()));
    }
    update(List.of(new ResourceSource.Update(location, documents, List.of(), true)));
  }

  @Override
  public void update(List<ResourceSource.Update> batch) {
    lock.lock();
    try {
      Set<Key> touched = new LinkedHashSet<>();
      for (ResourceSource.Update update : batch) {
        apply(update, touched);
      }
      List<ConfigChange> changes = settle(touched);
      if (!changes.isEmpty()) {
        for (Listener listener : listeners) {
          listener.changed(changes, snapshot);
        }
      }
      List<Problem> now = collectProblems();
      if (!now.equals(problems)) {
        problems = now;
        for (Listener listener : listeners) {
          listener.problemsChanged(now);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void apply(ResourceSource.Update update, Set<Key> touched) {
    String location = update.location();
    Place before = places.getOrDefault(location, new Place(Map.of(), List.of()));
    Map<Key, Entry> entries = new LinkedHashMap<>();
    List<Problem> found = new ArrayList<>();
    for (Violation problem : update.problems()) {
      found.add(
          new Problem(
              update.complete() ? Problem.Severity.WARNING : Problem.Severity.ERROR, "", problem));
    }
    if (update.complete() || before.entries().isEmpty()) {
      for (Decoded document : update.documents()) {
        take(document, before, entries, found);
      }
    } else {
      entries.putAll(before.entries());
    }
    touched.addAll(before.entries().keySet());
    touched.addAll(entries.keySet());
    for (Key key : before.entries().keySet()) {
      Set<String> of = placesOf.get(key);
      if (of != null && of.remove(location) && of.isEmpty()) {
        placesOf.remove(key);
      }
    }
    for (Key key : entries.keySet()) {
      placesOf.computeIfAbsent(key, _ -> new java.util.TreeSet<>()).add(location);
    }
    if (entries.isEmpty() && found.isEmpty()) {
      places.remove(location);
    } else {
      places.put(location, new Place(entries, found));
    }
  }

  private static void take(
      Decoded document, Place before, Map<Key, Entry> entries, List<Problem> found) {
    switch (document) {
      case Decoded.Accepted(Resource<?> resource, List<Violation> warnings) -> {
        Key key = new Key(resource.kind(), resource.id());
        add(found, Problem.Severity.WARNING, key.toString(), warnings);
        enter(key, new Entry(Optional.of(resource), resource.origin()), entries, found);
      }
      case Decoded.Rejected(
              ResourceKind<?> kind,
              ResourceName id,
              Origin origin,
              List<Violation> errors,
              List<Violation> warnings) -> {
        Key key = new Key(kind, id);
        add(found, Problem.Severity.ERROR, key.toString(), errors);
        add(found, Problem.Severity.WARNING, key.toString(), warnings);
        Entry last = before.entries().get(key);
        enter(
            key,
            new Entry(last == null ? Optional.empty() : last.usable(), origin),
            entries,
            found);
      }
      case Decoded.Unreadable(Origin _, List<Violation> errors) ->
          add(found, Problem.Severity.ERROR, "", errors);
      case Decoded.UnknownKind(Origin _, Violation warning) ->
          add(found, Problem.Severity.WARNING, "", List.of(warning));
    }
  }

  private static void enter(Key key, Entry entry, Map<Key, Entry> entries, List<Problem> found) {
    Entry first = entries.putIfAbsent(key, entry);
    if (first != null) {
      found.add(duplicate(key, entry.origin(), first.origin()));
    }
  }

  private static void add(
      List<Problem> found, Problem.Severity severity, String resource, List<Violation> violations) {
    for (Violation violation : violations) {
      found.add(new Problem(severity, resource, violation));
    }
  }

  private static Problem duplicate(Key key, Origin second, Origin first) {
    return new Problem(
        Problem.Severity.ERROR,
        key.toString(),
        new Violation(
            second,
            "metadata.name",
            "the same " + key.kind().kind() + " again",
            "each resource once; " + first + " comes first and is in force"));
  }

  /** Decides anew what is in force for the names; returns what differs. */
  private List<ConfigChange> settle(Set<Key> touched) {
    List<ConfigChange> changes = new ArrayList<>();
    Set<ResourceKind<?>> kinds = new LinkedHashSet<>();
    for (Key key : touched) {
      Resource<?> old = inForce.get(key);
      Resource<?> now = winner(key);
      if (now == null) {
        inForce.remove(key);
      } else {
        inForce.put(key, now);
      }
      if (!Objects.equals(old, now)) {
        kinds.add(key.kind());
        if (old == null || now == null || !old.sameContent(now)) {
          changes.add(
              new ConfigChange(
                  key.kind(), key.id(), Optional.ofNullable(old), Optional.ofNullable(now)));
        }
      }
    }
    if (!kinds.isEmpty()) {
      Map<ResourceKind<?>, Map<ResourceName, Resource<?>>> next = new HashMap<>();
      for (ResourceKind<?> kind : kinds) {
        next.put(kind, new HashMap<>());
      }
      inForce.forEach(
          (key, resource) -> {
            Map<ResourceName, Resource<?>> ofKind = next.get(key.kind());
            if (ofKind != null) {
              ofKind.put(key.id(), resource);
            }
          });
      snapshot = snapshot.with(next);
    }
    return changes;
  }

  private @Nullable Resource<?> winner(Key key) {
    for (String location : placesOf.getOrDefault(key, Set.of())) {
      Entry entry = entry(location, key);
      if (entry != null && entry.usable().isPresent()) {
        return entry.usable().get();
      }
    }
    return null;
  }

  private @Nullable Entry entry(String location, Key key) {
    Place place = places.get(location);
    return place == null ? null : place.entries().get(key);
  }

  private List<Problem> collectProblems() {
    List<Problem> all = new ArrayList<>();
    places.values().forEach(place -> all.addAll(place.problems()));
    placesOf.forEach(
        (key, locations) -> {
          if (locations.size() > 1) {
            addDuplicates(key, locations, all);
          }
        });
    all.sort(
        Comparator.<Problem, String>comparing(p -> p.violation().origin().location())
            .thenComparingInt(p -> p.violation().origin().line())
            .thenComparing(p -> p.violation().path()));
    return List.copyOf(all);
  }

  private void addDuplicates(Key key, Set<String> locations, List<Problem> all) {
    Origin first = null;
    for (String location : locations) {
      Entry entry = entry(location, key);
      if (entry == null) {
        continue;
      }
      if (first == null) {
        first = entry.origin();
      } else {
        all.add(duplicate(key, entry.origin(), first));
      }
    }
  }
}
