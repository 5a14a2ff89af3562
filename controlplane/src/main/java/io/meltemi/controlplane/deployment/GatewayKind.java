package io.meltemi.controlplane.deployment;

import java.util.Optional;

/** What kind of workload a controller makes for its gateways. */
public enum GatewayKind {
  ROUTER("istio.io/gateway-controller", "istio"),
  WAYPOINT("istio.io/mesh-controller", "istio-waypoint"),
  EAST_WEST("istio.io/eastwest-controller", "istio-east-west"),
  AGENT("istio.io/agentgateway-controller", "istio-agentgateway"),
  AGENT_WAYPOINT("istio.io/agentgateway-waypoint-controller", "istio-agentgateway-waypoint");

  private final String controller;
  private final String className;

  GatewayKind(String controller, String className) {
    this.controller = controller;
    this.className = className;
  }

  /** Value of the label {@code gateway.istio.io/managed}. */
  String label() {
    return controller.replace('/', '-');
  }

  boolean isWaypoint() {
    return this == WAYPOINT || this == AGENT_WAYPOINT;
  }

  boolean isAgent() {
    return this == AGENT || this == AGENT_WAYPOINT;
  }

  /** Made from what a waypoint is made from. */
  boolean isLikeWaypoint() {
    return this == WAYPOINT || this == EAST_WEST;
  }

  String defaultServiceType() {
    return isWaypoint() ? "ClusterIP" : "LoadBalancer";
  }

  /** Account, deployment and service, unless they are given another name. */
  String defaultName(String gateway, String ofClass) {
    return this == ROUTER ? gateway + "-" + ofClass : gateway;
  }

  static Optional<GatewayKind> ofController(String controller) {
    for (GatewayKind kind : values()) {
      if (kind.controller.equals(controller)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }

  /** A class that is there without an object of its own. */
  static Optional<GatewayKind> ofClass(String className) {
    for (GatewayKind kind : values()) {
      if (kind.className.equals(className)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }
}
