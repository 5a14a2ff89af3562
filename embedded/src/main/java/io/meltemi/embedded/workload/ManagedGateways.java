package io.meltemi.embedded.workload;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.deployment.Deployment;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.kind.pod.PodSpec;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.deployment.DeploymentSettings;
import io.meltemi.controlplane.deployment.GatewayDeployment;
import io.meltemi.controlplane.deployment.GatewayKind;
import io.meltemi.controlplane.gatewayapi.AllListeners;
import io.meltemi.controlplane.gatewayapi.GatewayClasses;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What Istio makes for a Gateway of the Gateway API that names no workload of its own: a deployment
 * of gateway proxies and a service in front of them, both named {@code GATEWAY-CLASS} unless its
 * annotations say otherwise.
 */
public final class ManagedGateways {
  private static final Origin ORIGIN = Origin.of(ClusterState.LOCATION);
  private static final String CONTROLLER = "istio.io/gateway-controller";
  private static final String NAME_LABEL = "gateway.networking.k8s.io/gateway-name";
  private static final Set<String> PROTOCOLS = Set.of("HTTP", "HTTPS", "TLS", "TCP");

  private ManagedGateways() {}

  /** The deployments. */
  public static List<Resource<Deployment>> deployments(ConfigSnapshot snapshot) {
    return managed(snapshot).stream()
        .map(
            made ->
                new Resource<>(
                    Kinds.DEPLOYMENT,
                    metadata(made),
                    new Deployment(
                        1,
                        Labels.of(made.labels()),
                        new Deployment.Template(
                            Labels.of(made.labels()),
                            annotations(made),
                            new PodSpec(
                                List.of(), List.of(), made.serviceAccount(), "", "", "", false))),
                    made.gateway().origin()))
        .toList();
  }

  private static Map<String, String> annotations(GatewayDeployment made) {
    Map<String, String> annotations = new TreeMap<>(made.annotations());
    annotations.put("inject.istio.io/templates", "gateway");
    return annotations;
  }

  /** The services; none where somebody wrote one of the name. */
  public static List<Resource<Service>> services(ConfigSnapshot snapshot) {
    List<Resource<Service>> services = new ArrayList<>();
    for (GatewayDeployment made : managed(snapshot)) {
      boolean written =
          snapshot
              .get(Kinds.SERVICE, metadata(made).id())
              .filter(service -> !service.origin().equals(ORIGIN))
              .isPresent();
      if (!written) {
        services.add(
            new Resource<>(
                Kinds.SERVICE,
                metadata(made),
                new Service(
                    Service.Type.CLUSTER_IP,
                    List.of(),
                    "",
                    Labels.of(Map.of(NAME_LABEL, made.gateway().name())),
                    ports(made),
                    new Service.Traffic(false, false, false, ""),
                    new Service.External(List.of(), List.of())),
                ORIGIN));
      }
    }
    return services;
  }

  /** The ports of all listeners, those of workloads with a name of their own included. */
  public static Set<Integer> ports(ConfigSnapshot snapshot) {
    Set<Integer> ports = new TreeSet<>();
    for (Resource<KubernetesGateway> gateway : snapshot.list(Kinds.KUBERNETES_GATEWAY)) {
      if (isOurs(gateway, snapshot)) {
        AllListeners.of(gateway, snapshot).stream()
            .filter(listener -> PROTOCOLS.contains(listener.protocol()))
            .forEach(listener -> ports.add(listener.port()));
      }
    }
    return ports;
  }

  private static boolean isOurs(Resource<KubernetesGateway> gateway, ConfigSnapshot snapshot) {
    return new GatewayClasses(snapshot)
        .controller(gateway.spec().gatewayClassName())
        .filter(CONTROLLER::equals)
        .isPresent();
  }

  /** Waypoints have nobody who would send them anything here. */
  private static List<GatewayDeployment> managed(ConfigSnapshot snapshot) {
    return GatewayDeployment.all(snapshot, DeploymentSettings.DEFAULT).stream()
        .filter(made -> made.kind() == GatewayKind.ROUTER)
        .toList();
  }

  /** Those of listeners; nobody probes the others. */
  private static List<Service.Port> ports(GatewayDeployment made) {
    return made.ports().stream()
        .filter(port -> PROTOCOLS.contains(port.appProtocol().toUpperCase(Locale.ROOT)))
        .filter(port -> !port.name().equals("status-port"))
        .map(
            port ->
                new Service.Port(
                    port.name(),
                    port.port(),
                    new Service.TargetPort.ByNumber(port.port()),
                    port.protocol(),
                    port.appProtocol(),
                    0))
        .toList();
  }

  private static Metadata metadata(GatewayDeployment made) {
    return new Metadata(
        new ResourceName(made.gateway().namespace(), made.name()),
        Labels.of(made.labels()),
        made.annotations(),
        Instant.EPOCH,
        0,
        "",
        List.of(new Metadata.Owner("Gateway", made.gateway().name(), true)));
  }
}
