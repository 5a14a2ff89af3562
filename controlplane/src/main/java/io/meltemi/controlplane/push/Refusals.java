package io.meltemi.controlplane.push;

import io.meltemi.common.validation.Origin;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.Nack;
import io.meltemi.xds.server.Subscription;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What proxies refused and have not taken in a later version. Belongs to the push thread. */
final class Refusals {
  private static final System.Logger LOG = System.getLogger(PushEngine.class.getName());
  private static final int ORIGINS_SHOWN_MAX = 8;

  private final ResourceMaker maker;
  private final PushEvents events;
  private final Map<Key, PushEngine.Rejection> standing = new LinkedHashMap<>();

  private record Key(String proxy, TypeUrl type) {}

  Refusals(ResourceMaker maker, PushEvents events) {
    this.maker = maker;
    this.events = events;
  }

  /** A proxy refused a response. */
  void add(ProxyConnection proxy, Subscription subscription, Nack nack) {
    TypeUrl type = subscription.type();
    List<Origin> origins = origins(proxy, subscription, nack.message());
    standing.put(
        new Key(proxy.id(), type), new PushEngine.Rejection(proxy.id(), type, nack, origins));
    events.rejected(type, proxy.node().id(), nack);
    LOG.log(
        System.Logger.Level.WARNING,
        "NACK of {0} by {1}: {2}{3}",
        type.shortName(),
        proxy,
        nack.message(),
        origins.isEmpty() ? "" : " (made of " + join(origins) + ")");
  }

  /** A proxy took the latest response of a type. */
  void taken(ProxyConnection proxy, TypeUrl type) {
    if (!standing.isEmpty()) {
      standing.remove(new Key(proxy.id(), type));
    }
  }

  /** A proxy is gone. */
  void forget(ProxyConnection proxy) {
    standing.keySet().removeIf(key -> key.proxy().equals(proxy.id()));
  }

  /** Oldest first. */
  List<PushEngine.Rejection> all() {
    return List.copyOf(standing.values());
  }

  Optional<PushEngine.Rejection> of(ProxyConnection proxy, TypeUrl type) {
    return Optional.ofNullable(standing.get(new Key(proxy.id(), type)));
  }

  /** What the resources were made of whose names occur in a refusal. */
  private List<Origin> origins(ProxyConnection proxy, Subscription subscription, String message) {
    Set<Origin> origins = new LinkedHashSet<>();
    for (GeneratedResource resource :
        maker.anew(subscription.type(), proxy.node(), proxy.context(), subscription.names())) {
      if (message.contains(resource.name())) {
        origins.addAll(resource.origins());
      }
    }
    return List.copyOf(origins);
  }

  private static String join(List<Origin> origins) {
    List<String> shown =
        new ArrayList<>(origins.stream().limit(ORIGINS_SHOWN_MAX).map(Origin::toString).toList());
    if (origins.size() > ORIGINS_SHOWN_MAX) {
      shown.add(origins.size() - ORIGINS_SHOWN_MAX + " more");
    }
    return String.join(", ", shown);
  }
}
