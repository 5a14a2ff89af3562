package io.meltemi.controlplane.push;

import io.meltemi.config.store.Problem;
import io.meltemi.xds.server.Subscription;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What of the configuration cannot be honoured, for any proxy or for one that is connected. Found
 * on the push thread; read on any.
 */
final class Shortcomings {
  private static final System.Logger LOG = System.getLogger(PushEngine.class.getName());

  private final ResourceMaker maker;
  private final PushEvents events;
  private Set<Problem> ofWorld = Set.of();

  /** Of those proxies alone that have any. */
  private final Map<ProxyConnection, Set<Problem>> ofProxies = new LinkedHashMap<>();

  private volatile List<Problem> all = List.of();

  Shortcomings(ResourceMaker maker, PushEvents events) {
    this.maker = maker;
    this.events = events;
  }

  List<Problem> all() {
    return all;
  }

  /** Looks at a new world. */
  void find(PushContext context, Collection<ProxyConnection> proxies) {
    Set<Problem> found = new LinkedHashSet<>(context.problems());
    for (ResourceGenerator generator : maker.generators()) {
      attempt(generator, () -> found.addAll(generator.problems(context)));
    }
    ofWorld = found;
    ofProxies.clear();
    proxies.forEach(proxy -> look(proxy, context));
    tell();
  }

  /** Looks at one proxy: it is new, or asks for something else. */
  void find(ProxyConnection proxy, PushContext context) {
    if (look(proxy, context)) {
      tell();
    }
  }

  /** A proxy is gone. */
  void forget(ProxyConnection proxy) {
    if (ofProxies.remove(proxy) != null) {
      tell();
    }
  }

  /** True when there is something to tell, or was. */
  private boolean look(ProxyConnection proxy, PushContext context) {
    Set<Problem> found = new LinkedHashSet<>();
    for (ResourceGenerator generator : maker.generators()) {
      attempt(
          generator,
          () -> {
            found.addAll(generator.problems(proxy.node(), context));
            found.addAll(
                generator.problems(
                    proxy.node(),
                    context,
                    proxy
                        .connection()
                        .subscription(generator.type())
                        .<Collection<String>>map(Subscription::names)
                        .orElse(Set.of())));
          });
    }
    Set<Problem> before = found.isEmpty() ? ofProxies.remove(proxy) : ofProxies.put(proxy, found);
    return before != null || !found.isEmpty();
  }

  private void attempt(ResourceGenerator generator, Runnable look) {
    try {
      look.run();
    } catch (RuntimeException e) {
      events.failed(generator.type(), e);
      LOG.log(System.Logger.Level.ERROR, "cannot tell what " + generator.type() + " lacks", e);
    }
  }

  private void tell() {
    Set<Problem> found = new LinkedHashSet<>(ofWorld);
    ofProxies.values().forEach(found::addAll);
    Set<Problem> known = Set.copyOf(all);
    for (Problem problem : found) {
      if (!known.contains(problem)) {
        LOG.log(System.Logger.Level.WARNING, "configuration: {0}", problem);
      }
    }
    all = List.copyOf(found);
    events.problems(found.size());
  }
}
