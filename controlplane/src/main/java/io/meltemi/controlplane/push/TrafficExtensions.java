package io.meltemi.controlplane.push;

import io.meltemi.config.kind.trafficextension.TrafficExtension;
import io.meltemi.config.resource.Resource;
import java.util.ArrayList;
import java.util.List;

/** Which WasmPlugins and TrafficExtensions are for a proxy. */
final class TrafficExtensions {
  private TrafficExtensions() {}

  /**
   * Those of the proxy's namespace, then those of the root namespace.
   *
   * @param extensions oldest first
   */
  static List<Resource<TrafficExtension>> of(
      List<Resource<TrafficExtension>> extensions, ProxyNode node, String rootNamespace) {
    if (extensions.isEmpty()) {
      return List.of();
    }
    List<Resource<TrafficExtension>> own = new ArrayList<>();
    List<Resource<TrafficExtension>> root = new ArrayList<>();
    for (Resource<TrafficExtension> extension : extensions) {
      if (selects(extension, node, rootNamespace)) {
        if (extension.namespace().equals(node.namespace())) {
          own.add(extension);
        } else if (extension.namespace().equals(rootNamespace)) {
          root.add(extension);
        }
      }
    }
    own.addAll(root);
    return own;
  }

  private static boolean selects(
      Resource<TrafficExtension> extension, ProxyNode node, String rootNamespace) {
    TrafficExtension spec = extension.spec();
    if (!spec.targets().isEmpty()) {
      return spec.targets().stream()
          .anyMatch(
              target ->
                  PolicyTargets.isTarget(
                      target.group(),
                      target.kind(),
                      target.name(),
                      extension,
                      node,
                      rootNamespace));
    }
    return spec.selector().map(node.labels()::matches).orElse(true);
  }
}
