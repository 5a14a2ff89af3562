package io.meltemi.proxy.transport;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.parse.ApiSource;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.ResourceServers;
import io.meltemi.proxy.parse.ResourceSource;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The secrets that servers deliver. One is asked for while a listener or cluster that was put in
 * force, or warms, uses it; all uses share one subscription. What comes counts from the next
 * connection on. Configuration thread.
 */
public final class RemoteSecrets {
  private final Secrets secrets;
  private final Map<Key, Subscription> subscriptions = new HashMap<>();
  private final IdentityHashMap<Object, List<RemoteSecret>> held = new IdentityHashMap<>();
  private ResourceServers servers = ResourceServers.NONE;

  record Key(ResourceSource source, String name) {}

  private static final class Subscription {
    final Set<RemoteSecret> users = Collections.newSetFromMap(new IdentityHashMap<>());
    io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.@Nullable Secret proto;
    @Nullable Secret secret;
    boolean answered;
  }

  RemoteSecrets(Secrets secrets) {
    this.secrets = secrets;
  }

  /** Sets who is asked; once, before anything is parsed. */
  public void askFrom(ResourceServers newServers) {
    servers = newServers;
  }

  Optional<String> problem(ApiSource server) {
    return servers.problem(server);
  }

  /** A use of a secret, which is asked for once it is held. */
  static RemoteSecret use(
      ResourceSource source, String name, Class<? extends Secret> kind, Duration fetchTimeout) {
    Key key = new Key(source, name);
    SecretSlot slot = new SecretSlot(name, kind);
    RemoteSecret use = new RemoteSecret(key, fetchTimeout, slot);
    slot.comesBy(use);
    return use;
  }

  /**
   * Keeps secrets up to date for an owner until {@link #drop}.
   *
   * @param owner told from others by identity; has nothing held yet
   */
  public void hold(Object owner, List<RemoteSecret> uses) {
    if (uses.isEmpty()) {
      return;
    }
    held.put(owner, List.copyOf(uses));
    for (RemoteSecret use : uses) {
      Subscription known = subscriptions.get(use.key());
      Subscription subscription = known == null ? new Subscription() : known;
      subscription.users.add(use);
      if (known == null) {
        subscriptions.put(use.key(), subscription);
        if (!servers.subscribe(use.key().source(), use.key().name(), use.fetchTimeout())) {
          subscription.answered = true;
        }
      }
      Secret secret = subscription.secret;
      var proto = subscription.proto;
      if (secret != null && proto != null && use.slot().put(secret)) {
        secrets.follow(use.slot(), proto);
      }
      if (subscription.answered) {
        use.answered();
      }
    }
  }

  /** Ends what {@link #hold} began; nothing happens when nothing is held. */
  public void drop(Object owner) {
    List<RemoteSecret> uses = held.remove(owner);
    if (uses == null) {
      return;
    }
    for (RemoteSecret use : uses) {
      Subscription subscription = subscriptions.get(use.key());
      if (subscription != null && subscription.users.remove(use) && subscription.users.isEmpty()) {
        subscriptions.remove(use.key());
        servers.unsubscribe(use.key().source(), use.key().name());
      }
    }
  }

  /**
   * Takes a secret of a server.
   *
   * @return what is wrong with it; then what was there stays
   */
  public Validation<Boolean> deliver(
      ResourceSource source, io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret proto) {
    ParseScope scope = ParseScope.root(Origin.of("secret " + proto.getName()));
    Subscription subscription = subscriptions.get(new Key(source, proto.getName()));
    if (subscription == null) {
      return scope.out().finish(() -> false);
    }
    Optional<Secret> parsed = secrets.parser().parse(proto, scope);
    if (parsed.isEmpty() || scope.out().hasErrors()) {
      return scope.out().finish(() -> false);
    }
    boolean used = false;
    for (RemoteSecret use : subscription.users) {
      if (use.slot().put(parsed.get())) {
        used = true;
        secrets.follow(use.slot(), proto);
      }
    }
    if (!used) {
      scope.error(proto.getTypeCase().name(), "a secret of the kind that is used under this name");
      return scope.out().finish(() -> false);
    }
    subscription.proto = proto;
    subscription.secret = parsed.get();
    answered(subscription);
    return scope.out().finish(() -> true);
  }

  /**
   * The server has no such secret, for now. Who would wait for some time only does not; who waits
   * for ever does so.
   */
  public void absent(ResourceSource source, String name) {
    Subscription subscription = subscriptions.get(new Key(source, name));
    if (subscription != null) {
      subscription.users.stream()
          .filter(use -> !use.fetchTimeout().isZero())
          .forEach(RemoteSecret::answered);
    }
  }

  /** A secret did not come in time; nobody waits for it any longer. */
  public void missing(ResourceSource source, String name) {
    Subscription subscription = subscriptions.get(new Key(source, name));
    if (subscription != null) {
      answered(subscription);
    }
  }

  private static void answered(Subscription subscription) {
    subscription.answered = true;
    subscription.users.forEach(RemoteSecret::answered);
  }
}
