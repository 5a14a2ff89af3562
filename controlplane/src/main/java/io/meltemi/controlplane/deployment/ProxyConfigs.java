package io.meltemi.controlplane.deployment;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Validation;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.proxyconfig.ProxyConfigResource;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.MeshConfigParser;
import io.meltemi.config.mesh.ProxyConfig;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.ConfigSnapshot;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The settings that a workload's proxy starts with. From low to high and field by field: the mesh's
 * {@code defaultConfig}, the ProxyConfig resource of the root namespace, that of the workload's
 * namespace, its annotation {@code proxy.istio.io/config}, and the resource that selects it. Of
 * several at one level the oldest counts. They take effect when a workload is made, as in Istio.
 * Any thread.
 */
final class ProxyConfigs {
  static final String ANNOTATION = "proxy.istio.io/config";

  private ProxyConfigs() {}

  /**
   * @param workload with the namespace, and the origin for errors
   * @param labels of the workload's pods
   * @param annotations of the workload's pods
   * @throws IllegalArgumentException saying what is wrong with the annotation
   */
  static ProxyConfig of(
      ConfigSnapshot snapshot,
      MeshConfig mesh,
      Resource<?> workload,
      Map<String, String> labels,
      Map<String, String> annotations) {
    List<Resource<ProxyConfigResource>> all =
        snapshot.list(Kinds.PROXY_CONFIG).stream().sorted(Resource.PRECEDENCE).toList();
    ProxyConfig config = mesh.defaultConfig();
    config = over(config, all, mesh.rootNamespace(), spec -> spec.selector().isEmpty());
    if (!workload.namespace().equals(mesh.rootNamespace())) {
      config = over(config, all, workload.namespace(), spec -> spec.selector().isEmpty());
    }
    config = annotated(config, workload, annotations);
    Labels own = Labels.of(labels);
    return over(
        config,
        all,
        workload.namespace(),
        spec -> spec.selector().filter(own::matches).isPresent());
  }

  private static ProxyConfig over(
      ProxyConfig config,
      List<Resource<ProxyConfigResource>> all,
      String namespace,
      Predicate<ProxyConfigResource> counts) {
    return all.stream()
        .filter(resource -> resource.namespace().equals(namespace))
        .map(Resource::spec)
        .filter(counts)
        .findFirst()
        .map(spec -> config.with(spec.concurrency(), spec.environmentVariables(), spec.imageType()))
        .orElse(config);
  }

  private static ProxyConfig annotated(
      ProxyConfig config, Resource<?> workload, Map<String, String> annotations) {
    String written = annotations.get(ANNOTATION);
    if (written == null) {
      return config;
    }
    Validation<ProxyConfig> parsed =
        MeshConfigParser.parseProxyConfig(written, workload.origin(), config);
    if (!parsed.isValid()) {
      throw new IllegalArgumentException(
          "annotation "
              + ANNOTATION
              + ": "
              + parsed.errors().stream().map(Object::toString).collect(Collectors.joining("; ")));
    }
    return parsed.orElseThrow();
  }
}
