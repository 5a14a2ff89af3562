package io.meltemi.controlplane.push;

import io.meltemi.config.store.Problem;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Translates one type of resource. Pure: equal views of one world give equal results, which are
 * made once and shared.
 */
public interface ResourceGenerator {
  TypeUrl type();

  /**
   * What the resources of a proxy depend on, group by group; their names do not overlap, or else
   * those of the first group count.
   */
  default List<View> views(ProxyNode node, Views views) {
    return List.of(views.whole(node));
  }

  /**
   * The resources of one group.
   *
   * @param names ignored by the types that a proxy loads whole (listeners, clusters); of routes and
   *     endpoints what is asked for, where a name that cannot be answered still gets an empty
   *     resource so that no proxy waits for ever
   */
  List<GeneratedResource> generate(View view, PushContext context, Collection<String> names);

  /** All groups of a proxy, made anew. */
  default List<GeneratedResource> all(
      ProxyNode node, PushContext context, Collection<String> names) {
    Map<String, GeneratedResource> all = new LinkedHashMap<>();
    for (View view : views(node, context.views())) {
      generate(view, context, names).forEach(made -> all.putIfAbsent(made.name(), made));
    }
    return new ArrayList<>(all.values());
  }

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
