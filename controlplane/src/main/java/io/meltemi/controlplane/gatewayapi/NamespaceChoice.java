package io.meltemi.controlplane.gatewayapi;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gatewayapi.Listener.Namespaces;
import io.meltemi.config.kind.namespace.Namespace;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The namespaces that a gateway lets in. */
final class NamespaceChoice {
  private static final String NAME_LABEL = "kubernetes.io/metadata.name";

  private final ConfigSnapshot snapshot;

  NamespaceChoice(ConfigSnapshot snapshot) {
    this.snapshot = snapshot;
  }

  /** Names of namespaces, sorted; {@code *} alone stands for all. */
  List<String> names(Namespaces choice, String own) {
    return switch (choice.from()) {
      case SAME -> List.of(own);
      case ALL -> List.of("*");
      case NONE -> List.of();
      case SELECTOR ->
          choice.selector().isEmpty()
              ? List.of("*")
              : snapshot.list(Kinds.NAMESPACE).stream()
                  .filter(namespace -> choice.selector().get().matches(labels(namespace)))
                  .map(Resource::name)
                  .sorted()
                  .toList();
    };
  }

  /** True when a namespace is among those chosen; a selector chooses none unless it is written. */
  boolean contains(Namespaces choice, String own, String namespace) {
    return switch (choice.from()) {
      case SAME -> namespace.equals(own);
      case ALL -> true;
      case NONE -> false;
      case SELECTOR -> {
        Optional<Resource<Namespace>> found =
            snapshot.get(Kinds.NAMESPACE, new ResourceName("", namespace));
        yield found.isPresent()
            && choice.selector().filter(s -> s.matches(labels(found.get()))).isPresent();
      }
    };
  }

  /** The labels with the one that Kubernetes adds by itself. */
  private static Labels labels(Resource<Namespace> namespace) {
    Map<String, String> labels = new TreeMap<>(namespace.metadata().labels().values());
    labels.put(NAME_LABEL, namespace.name());
    return Labels.of(labels);
  }
}
