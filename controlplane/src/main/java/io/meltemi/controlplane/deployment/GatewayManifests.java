package io.meltemi.controlplane.deployment;

import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.ProxyConfig;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The objects that make up the workload of one gateway, as Istio's {@code kube-gateway} and {@code
 * waypoint} templates give them.
 */
public final class GatewayManifests {
  private static final String GATEWAY_API_VERSION = "gateway.networking.k8s.io/v1";

  private final GatewayDeployment deployment;
  private final MeshConfig mesh;
  private final ProxyConfig proxy;
  private final DeploymentSettings settings;

  private GatewayManifests(
      GatewayDeployment deployment,
      MeshConfig mesh,
      ProxyConfig proxy,
      DeploymentSettings settings) {
    this.deployment = deployment;
    this.mesh = mesh;
    this.proxy = proxy;
    this.settings = settings;
  }

  /**
   * In the order in which they are applied. The first is a patch that marks the gateway as taken;
   * it is left out where the mark is there.
   *
   * @throws IllegalArgumentException saying what is wrong with the gateway's parameters or with the
   *     settings of its proxy
   */
  public static List<Manifest> of(
      GatewayDeployment deployment,
      ConfigSnapshot snapshot,
      MeshConfig mesh,
      DeploymentSettings settings) {
    GatewayManifests made =
        new GatewayManifests(
            deployment,
            mesh,
            ProxyConfigs.of(
                snapshot,
                mesh,
                deployment.gateway(),
                deployment.labels(),
                deployment.annotations()),
            settings);
    List<Manifest> manifests = new ArrayList<>();
    String version = Integer.toString(GatewayDeployment.VERSION);
    if (!version.equals(
        deployment.gateway().metadata().annotations().get(GatewayDeployment.VERSION_ANNOTATION))) {
      manifests.add(made.mark(version));
    }
    Overlays overlays = Overlays.of(deployment.gateway(), snapshot, mesh.rootNamespace());
    for (Manifest manifest :
        List.of(
            made.account(),
            made.deployment(),
            made.service(),
            made.autoscaler(),
            made.disruptionBudget())) {
      overlays.over(manifest).ifPresent(manifests::add);
    }
    return List.copyOf(manifests);
  }

  private Manifest mark(String version) {
    return new Manifest(
        "Gateway",
        deployment.gateway().id(),
        object(
            "apiVersion",
            GATEWAY_API_VERSION,
            "kind",
            "Gateway",
            "metadata",
            Map.of("annotations", Map.of(GatewayDeployment.VERSION_ANNOTATION, version))));
  }

  private Manifest account() {
    return manifest("v1", "ServiceAccount", deployment.serviceAccount(), object());
  }

  private Manifest deployment() {
    return manifest(
        "apps/v1",
        "Deployment",
        deployment.name(),
        object(
            "spec",
            object(
                "selector",
                object("matchLabels", selector()),
                "template",
                new PodTemplate(deployment, mesh, proxy, settings).content())));
  }

  private Manifest service() {
    boolean waypoint = deployment.kind().isLikeWaypoint();
    Map<String, Object> annotations = object();
    if (waypoint) {
      annotations.put("networking.istio.io/traffic-distribution", "PreferClose");
    }
    annotations.putAll(deployment.annotations());
    List<Object> ports = new ArrayList<>();
    for (GatewayDeployment.Port port : deployment.ports()) {
      ports.add(
          object(
              "name",
              port.name(),
              "port",
              port.port(),
              "protocol",
              port.protocol(),
              "appProtocol",
              port.appProtocol()));
    }
    Map<String, Object> spec =
        object("ipFamilyPolicy", "PreferDualStack", "ports", ports, "selector", selector());
    var addresses = deployment.gateway().spec().addresses();
    if (!addresses.isEmpty() && deployment.serviceType().equals("LoadBalancer")) {
      spec.put("loadBalancerIP", addresses.getFirst().value());
    }
    spec.put("type", deployment.serviceType());
    Manifest service = manifest("v1", "Service", deployment.name(), object("spec", spec));
    Map<String, Object> content = new LinkedHashMap<>(service.content());
    content.put("metadata", metadata(deployment.name(), annotations));
    return new Manifest(service.kind(), service.id(), content);
  }

  private Manifest autoscaler() {
    return manifest(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        deployment.name(),
        object(
            "spec",
            object(
                "scaleTargetRef",
                object("apiVersion", "apps/v1", "kind", "Deployment", "name", deployment.name()),
                "maxReplicas",
                1)));
  }

  private Manifest disruptionBudget() {
    return manifest(
        "policy/v1",
        "PodDisruptionBudget",
        deployment.name(),
        object("spec", object("selector", object("matchLabels", selector()))));
  }

  private Map<String, Object> selector() {
    return object(GatewayDeployment.GATEWAY_NAME, deployment.gateway().name());
  }

  private Manifest manifest(
      String apiVersion, String kind, String name, Map<String, Object> content) {
    Map<String, Object> all =
        object(
            "apiVersion",
            apiVersion,
            "kind",
            kind,
            "metadata",
            metadata(name, deployment.annotations()));
    all.putAll(content);
    return new Manifest(kind, new ResourceName(deployment.gateway().namespace(), name), all);
  }

  private Map<String, Object> metadata(String name, Map<String, ?> annotations) {
    return object(
        "name",
        name,
        "namespace",
        deployment.gateway().namespace(),
        "annotations",
        annotations,
        "labels",
        deployment.labels(),
        "ownerReferences",
        List.of(
            object(
                "apiVersion",
                GATEWAY_API_VERSION,
                "kind",
                "Gateway",
                "name",
                deployment.gateway().name(),
                "uid",
                "")));
  }

  /** A map in the order given: key, value, key, value. */
  static Map<String, Object> object(Object... keysAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }
}
