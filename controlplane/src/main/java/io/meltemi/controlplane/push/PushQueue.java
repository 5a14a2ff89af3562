package io.meltemi.controlplane.push;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * At most one pending push per proxy, first come first served. A proxy that cannot take a push now
 * keeps its request here, where later ones are merged into it, and delays nobody. Belongs to the
 * push thread.
 */
final class PushQueue {
  private final Map<ProxyConnection, PushRequest> pending = new HashMap<>();
  private final Set<ProxyConnection> order = new LinkedHashSet<>();

  void add(ProxyConnection proxy, PushRequest request) {
    pending.merge(proxy, request, PushRequest::merge);
    order.add(proxy);
  }

  /** A proxy that was passed over can take a push again. */
  void retry(ProxyConnection proxy) {
    if (pending.containsKey(proxy)) {
      order.add(proxy);
    }
  }

  void remove(ProxyConnection proxy) {
    pending.remove(proxy);
    order.remove(proxy);
  }

  boolean isPending(ProxyConnection proxy) {
    return pending.containsKey(proxy);
  }

  int size() {
    return pending.size();
  }

  /** The next proxy that can take its push now; null when there is none. */
  @Nullable ProxyConnection next() {
    ArrayDeque<ProxyConnection> passed = new ArrayDeque<>();
    ProxyConnection found = null;
    for (ProxyConnection proxy : order) {
      passed.add(proxy);
      if (proxy.canTakePush()) {
        found = proxy;
        break;
      }
    }
    // Whoever was passed over comes back through retry.
    order.removeAll(passed);
    return found;
  }

  /** Takes the request of a proxy given by {@link #next}. */
  PushRequest take(ProxyConnection proxy) {
    PushRequest request = pending.remove(proxy);
    if (request == null) {
      throw new IllegalStateException("no push is pending for " + proxy.id());
    }
    return request;
  }
}
