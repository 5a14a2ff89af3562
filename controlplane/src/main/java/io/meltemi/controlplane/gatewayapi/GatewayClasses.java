package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gatewayapi.GatewayClass;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The classes of gateways that Istio serves. */
public final class GatewayClasses {
  static final String GATEWAY_CONTROLLER = "istio.io/gateway-controller";
  static final String UNMANAGED_CONTROLLER = "istio.io/unmanaged-gateway";
  static final String MESH_CONTROLLER = "istio.io/mesh-controller";
  static final String EAST_WEST_CONTROLLER = "istio.io/eastwest-controller";

  /** There without an object of their own. */
  private static final Map<String, String> BUILT_IN =
      Map.of(
          "istio", GATEWAY_CONTROLLER,
          "istio-remote", UNMANAGED_CONTROLLER,
          "istio-waypoint", MESH_CONTROLLER,
          "istio-east-west", EAST_WEST_CONTROLLER);

  /** Which of a gateway's addresses inside the cluster are told. */
  enum AddressChoice {
    HOSTNAME,
    BOTH
  }

  private final ConfigSnapshot snapshot;

  public GatewayClasses(ConfigSnapshot snapshot) {
    this.snapshot = snapshot;
  }

  /** The controller of a class when it is one of ours. */
  public Optional<String> controller(String className) {
    Optional<String> written =
        snapshot
            .get(Kinds.GATEWAY_CLASS, new ResourceName("", className))
            .map(resource -> resource.spec().controllerName());
    if (written.isPresent()) {
      return written.filter(BUILT_IN::containsValue);
    }
    return Optional.ofNullable(BUILT_IN.get(className));
  }

  /** True for a controller of another mesh or gateway. */
  boolean isForeign(String className) {
    return controller(className).isEmpty();
  }

  /** The statuses of the classes that are ours. */
  List<ObjectStatus> statuses() {
    return snapshot.list(Kinds.GATEWAY_CLASS).stream()
        .filter(resource -> BUILT_IN.containsValue(resource.spec().controllerName()))
        .map(GatewayClasses::status)
        .toList();
  }

  private static ObjectStatus status(Resource<GatewayClass> resource) {
    return new ObjectStatus(
        resource,
        new ObjectStatus.OfClass(
            new Conditions()
                .hold(Conditions.ACCEPTED, "Accepted", "Handled by Istio controller")
                .finish(resource.metadata().generation())));
  }

  static AddressChoice addressChoice(String controller) {
    return controller.equals(GATEWAY_CONTROLLER) || controller.equals(UNMANAGED_CONTROLLER)
        ? AddressChoice.HOSTNAME
        : AddressChoice.BOTH;
  }

  static boolean supportsListenerSets(String controller) {
    return controller.equals(GATEWAY_CONTROLLER);
  }

  /** Service, account and workload that are made for a gateway. */
  static String defaultName(Resource<KubernetesGateway> gateway, String controller) {
    return controller.equals(GATEWAY_CONTROLLER) || controller.equals(UNMANAGED_CONTROLLER)
        ? gateway.name() + "-" + gateway.spec().gatewayClassName()
        : gateway.name();
  }

  /** True when the gateway's workload is made for it, false when an address names one. */
  public static boolean isManaged(KubernetesGateway gateway) {
    if (gateway.addresses().isEmpty()) {
      return true;
    }
    return gateway.addresses().size() == 1
        && gateway.addresses().getFirst().type().orElse("IPAddress").equals("IPAddress");
  }
}
