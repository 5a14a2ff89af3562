package io.meltemi.embedded.workload;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.deployment.Deployment;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.kind.gatewayapi.Listener;
import io.meltemi.config.kind.gatewayapi.ListenerSet;
import io.meltemi.config.kind.pod.PodSpec;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.gatewayapi.GatewayClasses;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What Istio makes for a Gateway of the Gateway API that names no workload of its own: a deployment
 * of gateway proxies and a service in front of them, both named {@code GATEWAY-CLASS}.
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
            gateway ->
                new Resource<>(
                    Kinds.DEPLOYMENT,
                    metadata(gateway),
                    new Deployment(
                        1,
                        labels(gateway),
                        new Deployment.Template(
                            labels(gateway),
                            Map.of("inject.istio.io/templates", "gateway"),
                            new PodSpec(List.of(), List.of(), name(gateway), "", "", "", false))),
                    gateway.origin()))
        .toList();
  }

  /** The services; none where somebody wrote one of the name. */
  public static List<Resource<Service>> services(ConfigSnapshot snapshot) {
    List<Resource<Service>> services = new ArrayList<>();
    for (Resource<KubernetesGateway> gateway : managed(snapshot)) {
      boolean written =
          snapshot
              .get(Kinds.SERVICE, metadata(gateway).id())
              .filter(service -> !service.origin().equals(ORIGIN))
              .isPresent();
      if (!written) {
        services.add(
            new Resource<>(
                Kinds.SERVICE,
                metadata(gateway),
                new Service(
                    Service.Type.CLUSTER_IP,
                    List.of(),
                    "",
                    labels(gateway),
                    ports(gateway, snapshot),
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
        listeners(gateway, snapshot).forEach(listener -> ports.add(listener.port()));
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

  private static List<Resource<KubernetesGateway>> managed(ConfigSnapshot snapshot) {
    return snapshot.list(Kinds.KUBERNETES_GATEWAY).stream()
        .filter(gateway -> isOurs(gateway, snapshot))
        .filter(gateway -> GatewayClasses.isManaged(gateway.spec()))
        .toList();
  }

  private static List<Listener> listeners(
      Resource<KubernetesGateway> gateway, ConfigSnapshot snapshot) {
    List<Listener> listeners = new ArrayList<>(gateway.spec().listeners());
    for (Resource<ListenerSet> set : snapshot.list(Kinds.LISTENER_SET)) {
      ResourceName parent =
          new ResourceName(
              set.spec().parentRef().namespace().orElse(set.namespace()),
              set.spec().parentRef().name());
      if (parent.equals(gateway.id())) {
        listeners.addAll(set.spec().listeners());
      }
    }
    return listeners.stream().filter(listener -> PROTOCOLS.contains(listener.protocol())).toList();
  }

  private static List<Service.Port> ports(
      Resource<KubernetesGateway> gateway, ConfigSnapshot snapshot) {
    Map<Integer, Service.Port> ports = new LinkedHashMap<>();
    for (Listener listener : listeners(gateway, snapshot)) {
      String protocol = listener.protocol().toLowerCase(Locale.ROOT);
      ports.putIfAbsent(
          listener.port(),
          new Service.Port(
              protocol + "-" + listener.port(),
              listener.port(),
              new Service.TargetPort.ByNumber(listener.port()),
              "TCP",
              protocol,
              0));
    }
    return List.copyOf(ports.values());
  }

  private static Metadata metadata(Resource<KubernetesGateway> gateway) {
    return new Metadata(
        new ResourceName(gateway.namespace(), name(gateway)),
        labels(gateway),
        Map.of(),
        Instant.EPOCH,
        0,
        "",
        List.of(new Metadata.Owner("Gateway", gateway.name(), true)));
  }

  private static String name(Resource<KubernetesGateway> gateway) {
    return gateway.name() + "-" + gateway.spec().gatewayClassName();
  }

  private static Labels labels(Resource<KubernetesGateway> gateway) {
    return Labels.of(
        Map.of(
            NAME_LABEL, gateway.name(), "gateway.istio.io/managed", "istio.io-gateway-controller"));
  }
}
