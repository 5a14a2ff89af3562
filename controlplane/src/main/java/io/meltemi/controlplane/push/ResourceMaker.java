package io.meltemi.controlplane.push;

import io.meltemi.common.time.Ticker;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.Interner;
import io.meltemi.xds.resource.TypeUrl;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes and encodes resources. What comes out the same as something that is still in use, for
 * another view or in an earlier world, is that very object. Belongs to the push thread.
 */
final class ResourceMaker {
  private static final System.Logger LOG = System.getLogger(ResourceMaker.class.getName());

  private final Map<TypeUrl, ResourceGenerator> generators = new LinkedHashMap<>();
  private final PushEvents events;
  private final Ticker ticker;
  private final Interner<EncodedResource> inUse = new Interner<>();
  private final Interner<View> views = new Interner<>();

  ResourceMaker(List<ResourceGenerator> generators, PushEvents events, Ticker ticker) {
    generators.forEach(generator -> this.generators.put(generator.type(), generator));
    this.events = events;
    this.ticker = ticker;
  }

  /** All generators, in the order in which their types are sent. */
  Collection<ResourceGenerator> generators() {
    return generators.values();
  }

  boolean serves(TypeUrl type) {
    return generators.containsKey(type);
  }

  /** What resources of a type depend on, for a proxy; nothing for types that nobody makes. */
  List<View> views(TypeUrl type, ProxyNode node, Views current) {
    ResourceGenerator generator = generators.get(type);
    return generator == null
        ? List.of()
        : generator.views(node, current).stream().map(views::shared).toList();
  }

  /** Makes a group; nothing when that failed. */
  Optional<List<EncodedResource>> make(
      TypeUrl type, View view, PushContext context, Collection<String> names) {
    ResourceGenerator generator = generators.get(type);
    if (generator == null) {
      return Optional.of(List.of());
    }
    try {
      long start = ticker.nanos();
      List<GeneratedResource> made = generator.generate(view, context, names);
      long translated = ticker.nanos();
      List<EncodedResource> encoded = new ArrayList<>(made.size());
      int fresh = 0;
      for (GeneratedResource resource : made) {
        fresh += resource.isEncoded() ? 0 : 1;
        encoded.add(resource.encoded(inUse::shared));
      }
      events.generated(
          type,
          fresh,
          Duration.ofNanos(translated - start),
          Duration.ofNanos(ticker.nanos() - translated));
      if (fresh < made.size()) {
        events.shared(type, made.size() - fresh);
      }
      return Optional.of(encoded);
    } catch (RuntimeException e) {
      events.failed(type, e);
      LOG.log(
          System.Logger.Level.ERROR,
          "cannot make "
              + type.shortName()
              + " for proxies of namespace "
              + view.node().namespace()
              + ", which keep what they have: "
              + e,
          e);
      return Optional.empty();
    }
  }

  /** All of a type for one proxy, made anew with origins; for people to read. */
  List<GeneratedResource> anew(
      TypeUrl type, ProxyNode node, PushContext context, Collection<String> names) {
    ResourceGenerator generator = generators.get(type);
    return generator == null ? List.of() : generator.all(node, context, names);
  }

  /** Resources of a group that was made before are wanted again. */
  void shared(TypeUrl type, int resources) {
    events.shared(type, resources);
  }

  /** Resources that are in use, each counted once. */
  int size() {
    return inUse.size();
  }
}
