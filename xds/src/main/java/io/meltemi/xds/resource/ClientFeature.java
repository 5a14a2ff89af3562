package io.meltemi.xds.resource;

import io.envoyproxy.envoy.config.core.v3.Node;

/** What clients of ours say in {@code client_features} of their node ({@code core.v3.Node}). */
public enum ClientFeature {
  /**
   * A cluster that changes goes on with the endpoints that the client has. Envoy instead waits
   * until they are sent again, the same or not.
   */
  KEEPS_ENDPOINTS("meltemi.keeps_endpoints");

  private final String text;

  ClientFeature(String text) {
    this.text = text;
  }

  /** As nodes have it. */
  public String text() {
    return text;
  }

  /** True when a node says so. */
  public boolean isOf(Node node) {
    return node.getClientFeaturesList().contains(text);
  }
}
