package io.meltemi.controlplane.push;

import io.meltemi.common.validation.Origin;
import io.meltemi.config.Kinds;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.Nack;
import io.meltemi.xds.server.Subscription;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What proxies refused: by proxy until it takes a later version, and by resource with what it was
 * made of, for whoever has to mend that. Belongs to the push thread.
 */
final class Refusals {
  private static final System.Logger LOG = System.getLogger(PushEngine.class.getName());
  private static final int SOURCES_SHOWN_MAX = 8;
  private static final int RESOURCES_MAX = 1_000;
  private static final int MESSAGE_CHARS_MAX = 2_048;

  /** Different texts about one resource that are logged. */
  private static final int TEXTS_MAX = 8;

  private final ResourceMaker maker;
  private final PushEvents events;

  /** By connection id. */
  private final Map<String, Map<TypeUrl, Standing>> standing = new LinkedHashMap<>();

  /** The longest not refused first. */
  private final Map<Key, Refused> resources = new LinkedHashMap<>(16, 0.75f, true);

  private record Key(TypeUrl type, String name) {}

  /**
   * A refusal.
   *
   * @param versions refused, by name
   */
  private record Standing(PushEngine.Rejection rejection, Map<String, String> versions) {}

  private static final class Refused {
    long count;
    int standing;
    String message = "";
    String proxy = "";
    Instant at = Instant.EPOCH;
    List<RefusedResource.Source> sources = List.of();

    /** The world in which the sources were looked for. */
    String world = "";

    final Set<String> told = new HashSet<>();
  }

  Refusals(ResourceMaker maker, PushEvents events) {
    this.maker = maker;
    this.events = events;
  }

  /** A proxy refused a response. */
  void add(
      ProxyConnection proxy,
      Subscription subscription,
      Nack nack,
      List<EncodedResource> response,
      ConfigSnapshot snapshot) {
    TypeUrl type = subscription.type();
    withdraw(proxy, type);
    events.rejected(type, proxy.node().id(), nack);
    Map<String, String> found =
        RefusalText.find(
            nack.message(),
            response.stream().map(EncodedResource::name).distinct().toList(),
            subscription::holds);
    if (found.size() > RefusalText.NAMES_MAX) {
      events.refusalsForgotten(found.size() - RefusalText.NAMES_MAX);
    }
    Map<String, String> named = new LinkedHashMap<>();
    found.entrySet().stream()
        .limit(RefusalText.NAMES_MAX)
        .forEach(one -> named.put(one.getKey(), cut(one.getValue())));
    findSources(proxy, subscription, named.keySet(), snapshot);
    Set<Origin> origins = new LinkedHashSet<>();
    named.forEach(
        (name, message) -> {
          Refused refused = resource(new Key(type, name));
          refused.count++;
          refused.standing++;
          refused.message = message;
          refused.proxy = proxy.id();
          refused.at = nack.at();
          refused.sources.forEach(source -> origins.add(source.origin()));
          events.refused(type, refused.sources.isEmpty() ? "" : refused.sources.getFirst().kind());
          tell(type, name, refused);
        });
    Map<String, String> versions = new HashMap<>();
    named.keySet().forEach(name -> versions.put(name, subscription.version(name)));
    keep(
        proxy,
        new Standing(
            new PushEngine.Rejection(
                proxy.id(), type, nack, List.copyOf(named.keySet()), List.copyOf(origins)),
            versions));
    if (named.isEmpty()) {
      LOG.log(System.Logger.Level.WARNING, "{0} refused by {1}: {2}", type, proxy, nack.message());
    }
  }

  private void keep(ProxyConnection proxy, Standing refusal) {
    standing
        .computeIfAbsent(proxy.id(), _ -> new LinkedHashMap<>())
        .put(refusal.rejection().type(), refusal);
  }

  private static String cut(String message) {
    return message.length() <= MESSAGE_CHARS_MAX
        ? message
        : message.substring(0, MESSAGE_CHARS_MAX) + "…";
  }

  /** Once per text, as long as any proxy stays with its refusal. */
  private static void tell(TypeUrl type, String name, Refused refused) {
    if (refused.told.size() < TEXTS_MAX && refused.told.add(refused.message)) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0} {1}: refused by {2}: {3} ({4}; proxies that refuse it keep the last version they"
              + " took until this is mended)",
          type.shortName(),
          name,
          refused.proxy,
          refused.message,
          refused.sources.isEmpty() ? "made of no single resource" : madeOf(refused.sources));
    }
  }

  private static String madeOf(List<RefusedResource.Source> sources) {
    return "made of "
        + sources.stream()
            .limit(SOURCES_SHOWN_MAX)
            .map(RefusedResource.Source::toString)
            .collect(Collectors.joining(", "))
        + (sources.size() > SOURCES_SHOWN_MAX
            ? ", " + (sources.size() - SOURCES_SHOWN_MAX) + " more"
            : "");
  }

  private Refused resource(Key key) {
    Refused known = resources.get(key);
    if (known != null) {
      return known;
    }
    if (resources.size() >= RESOURCES_MAX) {
      resources.remove(resources.keySet().iterator().next());
      events.refusalsForgotten(1);
    }
    Refused refused = new Refused();
    resources.put(key, refused);
    return refused;
  }

  /**
   * Makes the resources anew to see what they are made of: once for all proxies of one world, which
   * is what a thousand refusals of one filter cost.
   */
  private void findSources(
      ProxyConnection proxy,
      Subscription subscription,
      Collection<String> names,
      ConfigSnapshot snapshot) {
    TypeUrl type = subscription.type();
    String world = proxy.world.version();
    Map<String, Refused> open = new LinkedHashMap<>();
    for (String name : names) {
      Refused refused = resource(new Key(type, name));
      if (!refused.world.equals(world)) {
        refused.world = world;
        open.put(name, refused);
      }
    }
    if (open.isEmpty()) {
      return;
    }
    Map<String, List<Origin>> origins = new LinkedHashMap<>();
    try {
      Collection<String> asked =
          type.completeInEveryResponse() ? subscription.names() : open.keySet();
      for (GeneratedResource made : maker.anew(type, proxy.node(), proxy.context(), asked)) {
        if (open.containsKey(made.name())) {
          origins.put(made.name(), made.origins());
        }
      }
    } catch (RuntimeException e) {
      events.failed(type, e);
      LOG.log(System.Logger.Level.ERROR, "cannot tell what " + type.shortName() + " is of", e);
    }
    Map<Origin, Resource<?>> objects = objects(snapshot, origins.values());
    open.forEach(
        (name, refused) ->
            refused.sources =
                origins.getOrDefault(name, List.of()).stream()
                    .map(origin -> source(origin, Optional.ofNullable(objects.get(origin))))
                    .toList());
  }

  private static RefusedResource.Source source(Origin origin, Optional<Resource<?>> object) {
    return new RefusedResource.Source(
        object.map(found -> found.kind().kind()).orElse(""),
        object.map(found -> found.id().toString()).orElse(""),
        origin);
  }

  private static Map<Origin, Resource<?>> objects(
      ConfigSnapshot snapshot, Collection<List<Origin>> wanted) {
    Set<Origin> origins = new HashSet<>();
    wanted.forEach(origins::addAll);
    Map<Origin, Resource<?>> objects = new HashMap<>();
    if (!origins.isEmpty()) {
      for (ResourceKind<?> kind : Kinds.ALL) {
        for (Resource<?> resource : snapshot.list(kind)) {
          if (origins.contains(resource.origin())) {
            objects.putIfAbsent(resource.origin(), resource);
          }
        }
      }
    }
    return objects;
  }

  /** A proxy took the latest response of a type. */
  void taken(ProxyConnection proxy, Subscription subscription) {
    Map<TypeUrl, Standing> types = standing.get(proxy.id());
    Standing refusal = types == null ? null : types.get(subscription.type());
    if (refusal == null) {
      return;
    }
    withdraw(proxy, subscription.type());
    PushEngine.Rejection rejection = refusal.rejection();
    List<String> rest = new ArrayList<>();
    for (String name : rejection.resources()) {
      Refused refused = resources.get(new Key(rejection.type(), name));
      if (stillRefused(proxy, subscription, name, refusal)) {
        rest.add(name);
        if (refused != null) {
          refused.standing++;
        }
      } else if (refused != null && refused.standing == 0) {
        refused.told.clear();
      }
    }
    if (!rest.isEmpty()) {
      keep(
          proxy,
          new Standing(
              new PushEngine.Rejection(
                  rejection.proxy(), rejection.type(), rejection.nack(), rest, rejection.origins()),
              refusal.versions()));
    }
  }

  /** A response that holds no other version of a resource says nothing of it. */
  private static boolean stillRefused(
      ProxyConnection proxy, Subscription subscription, String name, Standing refusal) {
    boolean whole = !proxy.connection().delta() && subscription.type().completeInEveryResponse();
    return !whole && subscription.version(name).equals(refusal.versions().get(name));
  }

  /** What a proxy said of a type no longer stands. */
  private void withdraw(ProxyConnection proxy, TypeUrl type) {
    Map<TypeUrl, Standing> types = standing.get(proxy.id());
    Standing refusal = types == null ? null : types.remove(type);
    if (types != null && types.isEmpty()) {
      standing.remove(proxy.id());
    }
    if (refusal != null) {
      withdraw(refusal.rejection());
    }
  }

  private void withdraw(PushEngine.Rejection rejection) {
    for (String name : rejection.resources()) {
      Refused refused = resources.get(new Key(rejection.type(), name));
      if (refused != null) {
        refused.standing = Math.max(0, refused.standing - 1);
      }
    }
  }

  /** A proxy is gone. */
  void forget(ProxyConnection proxy) {
    Map<TypeUrl, Standing> types = standing.remove(proxy.id());
    if (types != null) {
      types.values().forEach(refusal -> withdraw(refusal.rejection()));
    }
  }

  /** By proxy, those that stand. */
  List<PushEngine.Rejection> all() {
    return standing.values().stream()
        .flatMap(types -> types.values().stream())
        .map(Standing::rejection)
        .toList();
  }

  Optional<PushEngine.Rejection> of(ProxyConnection proxy, TypeUrl type) {
    return Optional.ofNullable(standing.getOrDefault(proxy.id(), Map.of()).get(type))
        .map(Standing::rejection);
  }

  /** By resource, the last refused first. */
  List<RefusedResource> resources() {
    List<RefusedResource> all = new ArrayList<>(resources.size());
    resources.forEach(
        (key, refused) ->
            all.add(
                new RefusedResource(
                    key.type(),
                    key.name(),
                    refused.count,
                    refused.standing,
                    refused.message,
                    refused.proxy,
                    refused.at,
                    refused.sources)));
    return all.reversed();
  }
}
