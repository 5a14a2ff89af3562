package io.meltemi.controlplane.push;

import com.google.protobuf.InvalidProtocolBufferException;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.NameSet;
import io.meltemi.xds.resource.ResourceGroup;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What one world comes to, in the form in which it is sent: every group of resources is made when a
 * proxy first needs it, and then is the same object for all proxies of its view. The next world's
 * begins with what did not change. Belongs to the push thread.
 */
final class Translations {
  /** Groups remembered of one type and view; beyond, those of the last world alone. */
  private static final int BEFORE_MAX = 256;

  private final PushContext context;
  private final String version;
  private final ResourceMaker maker;
  private final Map<Key, Table> tables = new HashMap<>();

  /** By the very list of changed clusters, which proxies of one view share. */
  private final IdentityHashMap<List<String>, Map<NameSet, Set<String>>> awaited =
      new IdentityHashMap<>();

  private record Key(TypeUrl type, View view) {}

  /**
   * The resources of one type for one view.
   *
   * @param made single resources that were asked for by name
   * @param groups as they go out, by the names asked for; none for types that are sent whole
   * @param failed what could not be made
   * @param before groups of an earlier world, which go on if they turn out to be the same
   */
  private record Table(
      Map<String, EncodedResource> made,
      Map<NameSet, ResourceGroup> groups,
      Set<NameSet> failed,
      Map<NameSet, ResourceGroup> before) {
    Table(Map<NameSet, ResourceGroup> before) {
      this(new HashMap<>(), new HashMap<>(), new HashSet<>(), before);
    }
  }

  Translations(PushContext context, String version, ResourceMaker maker) {
    this.context = context;
    this.version = version;
    this.maker = maker;
  }

  PushContext context() {
    return context;
  }

  /** For people to read. */
  String version() {
    return version;
  }

  /**
   * Those of the world after this.
   *
   * @param used views that proxies have now; what was made for others is let go
   */
  Translations next(PushContext after, String newVersion, WorldChange change, Set<View> used) {
    Translations next = new Translations(after, newVersion, maker);
    Map<View, Stale> stale = new HashMap<>();
    tables.forEach(
        (key, table) -> {
          if (used.contains(key.view)) {
            next.tables.put(
                key,
                kept(
                    key.type,
                    table,
                    stale.computeIfAbsent(
                        key.view, view -> Stale.of(view, context, after, change))));
          }
        });
    return next;
  }

  private static Table kept(TypeUrl type, Table table, Stale stale) {
    if (stale.all(type)) {
      return new Table(latest(table));
    }
    if (!type.equals(TypeUrl.ENDPOINT) || stale.hosts().isEmpty()) {
      return table;
    }
    Table kept = new Table(latest(table));
    table.made.forEach(
        (name, resource) -> {
          if (!stale.assignment(name)) {
            kept.made.put(name, resource);
          }
        });
    return kept;
  }

  private static Map<NameSet, ResourceGroup> latest(Table table) {
    if (table.before.isEmpty() || table.groups.size() + table.before.size() > BEFORE_MAX) {
      return table.groups;
    }
    Map<NameSet, ResourceGroup> latest = new HashMap<>(table.before);
    latest.putAll(table.groups);
    return latest;
  }

  /**
   * The groups of a proxy; nothing at all when one could not be made, so that the proxy keeps what
   * it has.
   *
   * @param views the proxy's, of this type and world
   * @param names asked for, when the type is not sent whole
   */
  Optional<List<ResourceGroup>> groups(TypeUrl type, List<View> views, NameSet names) {
    if (views.size() == 1) {
      return Optional.ofNullable(group(type, views.getFirst(), names)).map(List::of);
    }
    List<ResourceGroup> groups = new ArrayList<>(views.size());
    for (View view : views) {
      @Nullable ResourceGroup group = group(type, view, names);
      if (group == null) {
        return Optional.empty();
      }
      for (ResourceGroup earlier : groups) {
        group = withoutNamesOf(earlier, group);
      }
      groups.add(group);
    }
    return Optional.of(groups);
  }

  /** A name that comes twice is in the first group. */
  private static ResourceGroup withoutNamesOf(ResourceGroup earlier, ResourceGroup group) {
    for (String name : group.names()) {
      if (earlier.contains(name)) {
        return group.without(earlier.names());
      }
    }
    return group;
  }

  private @Nullable ResourceGroup group(TypeUrl type, View view, NameSet names) {
    Table table = tables.computeIfAbsent(new Key(type, view), _ -> new Table(Map.of()));
    boolean whole = type.completeInEveryResponse();
    NameSet asked = whole ? NameSet.EMPTY : names;
    ResourceGroup known = table.groups.get(asked);
    if (known != null) {
      maker.shared(type, known.size());
      return known;
    }
    if (table.failed.contains(asked)) {
      return null;
    }
    Optional<ResourceGroup> made = whole ? whole(type, view) : named(type, view, asked, table);
    if (made.isEmpty()) {
      table.failed.add(asked);
      return null;
    }
    ResourceGroup before = table.before.get(asked);
    ResourceGroup group = before != null && before.hasSameAs(made.get()) ? before : made.get();
    table.groups.put(asked, group);
    return group;
  }

  private Optional<ResourceGroup> whole(TypeUrl type, View view) {
    return maker.make(type, view, context, Set.of()).map(ResourceGroup::of);
  }

  /** Of types that are asked for by name, each is made once for all who ask. */
  private Optional<ResourceGroup> named(TypeUrl type, View view, NameSet names, Table table) {
    Set<String> missing = new LinkedHashSet<>();
    for (String name : names) {
      if (!table.made.containsKey(name)) {
        missing.add(name);
      }
    }
    Collection<EncodedResource> others = List.of();
    if (!missing.isEmpty() || names.isEmpty()) {
      Optional<List<EncodedResource>> made = maker.make(type, view, context, missing);
      if (made.isEmpty()) {
        return Optional.empty();
      }
      if (names.isEmpty()) {
        others = made.get();
      }
      made.get().forEach(resource -> table.made.put(resource.name(), resource));
    }
    if (missing.size() < names.size()) {
      maker.shared(type, names.size() - missing.size());
    }
    List<EncodedResource> resources = new ArrayList<>(names.size() + others.size());
    for (String name : names) {
      EncodedResource resource = table.made.get(name);
      if (resource != null) {
        resources.add(resource);
      }
    }
    resources.addAll(others);
    return Optional.of(ResourceGroup.of(resources));
  }

  // ---- what belongs together

  /**
   * The assignments that a proxy waits for because their clusters changed; the same set for all who
   * were sent the same and ask for the same.
   *
   * @param groups all clusters
   * @param changed names of clusters, as they were sent
   * @param asked assignments that the proxy asks for
   */
  Set<String> awaited(List<ResourceGroup> groups, List<List<String>> changed, NameSet asked) {
    if (asked.isEmpty()) {
      return Set.of();
    }
    List<Set<String>> all = new ArrayList<>(changed.size());
    for (List<String> clusters : changed) {
      Set<String> names =
          awaited
              .computeIfAbsent(clusters, _ -> new HashMap<>())
              .computeIfAbsent(
                  asked,
                  _ -> {
                    Set<String> wanted = endpointNames(groups, clusters, asked);
                    wanted.retainAll(asked);
                    return wanted;
                  });
      if (!names.isEmpty()) {
        all.add(names);
      }
    }
    return switch (all.size()) {
      case 0 -> Set.of();
      case 1 -> all.getFirst();
      default -> all.stream().flatMap(Set::stream).collect(Collectors.toSet());
    };
  }

  /**
   * The assignments that clusters of some names wait for.
   *
   * @param groups all clusters
   * @param names of clusters
   * @param asked assignments that the proxy asks for; a cluster's has the cluster's name, unless a
   *     patch gave it another
   */
  static Set<String> endpointNames(
      List<ResourceGroup> groups, Collection<String> names, NameSet asked) {
    Set<String> result = new HashSet<>();
    for (String name : names) {
      if (asked.contains(name)) {
        result.add(name);
      } else {
        groups.stream()
            .flatMap(group -> Stream.ofNullable(group.get(name)))
            .flatMap(cluster -> endpointName(cluster).stream())
            .forEach(result::add);
      }
    }
    return result;
  }

  private static Optional<String> endpointName(EncodedResource resource) {
    try {
      Cluster cluster = Cluster.parseFrom(resource.bytes());
      if (cluster.getType() != Cluster.DiscoveryType.EDS) {
        return Optional.empty();
      }
      String service = cluster.getEdsClusterConfig().getServiceName();
      return Optional.of(service.isEmpty() ? cluster.getName() : service);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a cluster of ours is none: " + resource.name(), e);
    }
  }
}
