package io.meltemi.controlplane.push;

import io.meltemi.config.store.Problem;
import io.meltemi.xds.resource.TypeUrl;
import java.util.Collection;
import java.util.List;

/** Translates one type of resource for one proxy. Pure: equal arguments give equal results. */
public interface ResourceGenerator {
  TypeUrl type();

  /**
   * The resources of this type for a proxy.
   *
   * @param names ignored by the types that a proxy loads whole (listeners, clusters); of routes and
   *     endpoints what is asked for, where a name that cannot be answered still gets an empty
   *     resource so that no proxy waits for ever
   */
  List<GeneratedResource> generate(ProxyNode node, PushContext context, Collection<String> names);

  /** What of the configuration cannot be honoured for any proxy, and is left out. */
  default List<Problem> problems(PushContext context) {
    return List.of();
  }

  /**
   * What of the things that a proxy asks for by name cannot be had.
   *
   * @param names that it is subscribed to
   */
  default List<Problem> problems(ProxyNode node, PushContext context, Collection<String> names) {
    return List.of();
  }

  /** What of the configuration cannot be honoured for one proxy, and is left out. */
  default List<Problem> problems(ProxyNode node, PushContext context) {
    return List.of();
  }
}
