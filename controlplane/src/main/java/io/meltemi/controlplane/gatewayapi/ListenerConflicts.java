package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.kind.gatewayapi.Listener;
import io.meltemi.config.kind.gatewayapi.ListenerSet;
import io.meltemi.config.resource.Resource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Listeners that cannot stand beside others of the same gateway. The gateway's own come first, then
 * those of its sets by age and name; whoever comes later loses.
 */
final class ListenerConflicts {
  private static final Set<String> STREAMS = Set.of("TCP", "UDP");
  private static final Set<String> BY_HOST = Set.of("HTTP", "HTTPS", "TLS");
  private static final Comparator<Resource<ListenerSet>> BY_AGE =
      Comparator.<Resource<ListenerSet>, java.time.Instant>comparing(
              set -> set.metadata().creationTimestamp())
          .thenComparing(set -> set.namespace() + "/" + set.name());

  private final Map<Key, String> reasons = new HashMap<>();
  private final List<Listener> winners = new ArrayList<>();

  private record Key(Parent.Owner owner, String listener) {}

  ListenerConflicts(Resource<KubernetesGateway> gateway, List<Resource<ListenerSet>> sets) {
    add(
        new Parent.Owner("Gateway", gateway.namespace(), gateway.name()),
        gateway.spec().listeners());
    sets.stream()
        .sorted(BY_AGE)
        .forEach(
            set ->
                add(
                    new Parent.Owner("ListenerSet", set.namespace(), set.name()),
                    set.spec().listeners()));
  }

  private void add(Parent.Owner owner, List<Listener> listeners) {
    for (Listener listener : listeners) {
      Optional<Listener> earlier =
          winners.stream().filter(winner -> clash(listener, winner)).findFirst();
      if (earlier.isPresent()) {
        reasons.put(new Key(owner, listener.name()), reason(listener, earlier.get()));
      } else {
        winners.add(listener);
      }
    }
  }

  /** Why a listener lost; empty when it did not. */
  Optional<String> reason(Parent.Owner owner, String listener) {
    return Optional.ofNullable(reasons.get(new Key(owner, listener)));
  }

  private static boolean clash(Listener one, Listener other) {
    if (one.port() != other.port()) {
      return false;
    }
    boolean oneStreams = STREAMS.contains(one.protocol());
    boolean otherStreams = STREAMS.contains(other.protocol());
    boolean oneByHost = BY_HOST.contains(one.protocol());
    boolean otherByHost = BY_HOST.contains(other.protocol());
    if (oneByHost && otherByHost) {
      return one.hostname().orElse("*").equals(other.hostname().orElse("*"));
    }
    if ((oneStreams || oneByHost) && (otherStreams || otherByHost)) {
      return true;
    }
    return one.protocol().equals(other.protocol());
  }

  private static String reason(Listener loser, Listener winner) {
    boolean streams = STREAMS.contains(loser.protocol()) && STREAMS.contains(winner.protocol());
    return streams || !loser.protocol().equals(winner.protocol())
        ? "ProtocolConflict"
        : "HostnameConflict";
  }
}
