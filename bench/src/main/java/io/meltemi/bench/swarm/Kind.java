package io.meltemi.bench.swarm;

import java.nio.charset.StandardCharsets;

/** The types that a sidecar asks for, in the order in which it does. */
enum Kind {
  CLUSTER("envoy.config.cluster.v3.Cluster"),
  ENDPOINT("envoy.config.endpoint.v3.ClusterLoadAssignment"),
  LISTENER("envoy.config.listener.v3.Listener"),
  ROUTE("envoy.config.route.v3.RouteConfiguration");

  final String url;

  Kind(String message) {
    url = "type.googleapis.com/" + message;
  }

  /**
   * The type of a response.
   *
   * @throws IllegalArgumentException when nobody asked for it
   */
  static Kind of(byte[] all, int from, int to) {
    for (Kind kind : values()) {
      if (kind.is(all, from, to)) {
        return kind;
      }
    }
    throw new IllegalArgumentException(
        "a response of type " + new String(all, from, to - from, StandardCharsets.UTF_8));
  }

  private boolean is(byte[] all, int from, int to) {
    int length = to - from;
    for (int i = 0; i < length && length == url.length(); i++) {
      if (all[from + i] != url.charAt(i)) {
        return false;
      }
    }
    return length == url.length();
  }
}
