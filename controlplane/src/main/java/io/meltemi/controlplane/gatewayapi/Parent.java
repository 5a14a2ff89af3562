package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.kind.gateway.Gateway.Host;
import io.meltemi.config.kind.gatewayapi.Listener.RouteKind;
import java.util.List;

/**
 * Something that routes can be attached to: a listener, or the mesh.
 *
 * @param internalName {@code mesh} or {@code namespace/name} of the Istio Gateway made of it
 * @param owner the object that a route refers to; the group is the Gateway API's
 * @param hosts that routes may have, by namespace; empty when any
 * @param hostname as written, empty when none is
 * @param sectionName of the listener
 */
record Parent(
    String internalName,
    Owner owner,
    List<RouteKind> allowedKinds,
    List<Host> hosts,
    String hostname,
    String sectionName,
    int port,
    String protocol) {
  static final String MESH = "mesh";

  /** Gateway or ListenerSet. */
  record Owner(String kind, String namespace, String name) {}

  /** All sidecars. */
  static final Parent OF_MESH =
      new Parent(MESH, new Owner("Mesh", "", "istio"), RouteKinds.ALL, List.of(), "", "", 0, "");

  Parent {
    allowedKinds = List.copyOf(allowedKinds);
    hosts = List.copyOf(hosts);
  }

  boolean isMesh() {
    return internalName.equals(MESH);
  }
}
