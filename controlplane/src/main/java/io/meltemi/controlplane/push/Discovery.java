package io.meltemi.controlplane.push;

import io.meltemi.config.Kinds;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.ConfigSnapshot;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Which resources this control plane looks at: those of the namespaces that the mesh selects, and
 * of Istio's and the Gateway API's those of its revision or of none, where their kind is not
 * switched off.
 *
 * @param namespaces empty means all
 */
record Discovery(Optional<Set<String>> namespaces, Features features) {
  private static final String REVISION_LABEL = "istio.io/rev";

  static Discovery of(MeshConfig mesh, ConfigSnapshot snapshot, Features features) {
    if (mesh.discoverySelectors().isEmpty()) {
      return new Discovery(Optional.empty(), features);
    }
    Set<String> selected = new HashSet<>();
    for (Resource<?> namespace : snapshot.list(Kinds.NAMESPACE)) {
      if (mesh.discoverySelectors().stream()
          .anyMatch(selector -> selector.matches(namespace.metadata().labels()))) {
        selected.add(namespace.name());
      }
    }
    return new Discovery(Optional.of(Set.copyOf(selected)), features);
  }

  boolean admits(Resource<?> resource) {
    if (resource.kind().namespaced()
        && namespaces.isPresent()
        && !namespaces.get().contains(resource.namespace())) {
      return false;
    }
    boolean revised = resource.kind().isIstio() || resource.kind().isGatewayApi();
    String revision = features.revision();
    return features.admits(resource.kind())
        && (!revised
            || resource.metadata().labels().get(REVISION_LABEL, revision).equals(revision));
  }
}
