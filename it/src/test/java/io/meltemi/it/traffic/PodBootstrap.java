package io.meltemi.it.traffic;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the agent of a pod would write for its proxy. */
record PodBootstrap(Topology.Pod pod, Topology topology) {
  private static final String INTERNAL_LISTENERS =
      "bootstrap_extensions: [{name: envoy.bootstrap.internal_listener, typed_config: {\"@type\":"
          + " type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener}}]";

  /**
   * As text for both data planes.
   *
   * @param secretPort where certificates are served to those that have them
   */
  String yaml(int adminPort, int grpcPort, int secretPort) {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("NAME", pod.name());
    metadata.put("NAMESPACE", pod.namespace());
    metadata.put("SERVICE_ACCOUNT", pod.serviceAccount());
    metadata.put("NODE_NAME", pod.node());
    metadata.put("CLUSTER_ID", "Kubernetes");
    metadata.put("ISTIO_VERSION", "1.32.0");
    metadata.put("INSTANCE_IPS", pod.ip());
    metadata.put("MELTEMI_CERTIFICATES", Boolean.toString(pod.certified()));
    metadata.putAll(topology.metadata(pod));
    Map<String, String> labels = new LinkedHashMap<>(pod.labels());
    boolean gateway = pod.kind().equals("gateway");
    if (pod.isWaypoint()) {
      // its port stands at its own address
      metadata.put("MELTEMI_LOCAL", Map.of());
    }
    if (gateway) {
      labels.put("mx-role", "gateway");
    }
    metadata.put("LABELS", labels);
    List<String> locality = topology.locality(pod.node());
    return """
    admin: {address: {socket_address: {address: 127.0.0.1, port_value: %1$d}}}
    node:
      id: %2$s~%3$s~%4$s.%5$s~%5$s.svc.cluster.local
      cluster: %4$s.%5$s
      locality: {region: %6$s, zone: %7$s}
      metadata: %8$s
    dynamic_resources:
      ads_config:
        api_type: %9$s
        transport_api_version: V3
        set_node_on_first_message_only: true
        grpc_services: [{envoy_grpc: {cluster_name: xds-grpc}}]
      cds_config: {ads: {}, resource_api_version: V3}
      lds_config: {ads: {}, resource_api_version: V3}
    %10$s
    static_resources:
      clusters:
    """
            .formatted(
                adminPort,
                gateway ? "router" : pod.kind(),
                pod.ip(),
                pod.name(),
                pod.namespace(),
                locality.getFirst(),
                locality.getLast(),
                metadata(metadata, gateway),
                gateway ? "GRPC" : "DELTA_GRPC",
                pod.isWaypoint() ? INTERNAL_LISTENERS : "")
        + cluster("xds-grpc", grpcPort)
        + (pod.certified() ? cluster("sds-grpc", secretPort) : "");
  }

  private static String cluster(String name, int port) {
    return """
      - name: %1$s
        type: STATIC
        connect_timeout: 1s
        typed_extension_protocol_options:
          envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
            "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
            explicit_http_config: {http2_protocol_options: {}}
        load_assignment:
          cluster_name: %1$s
          endpoints:
          - lb_endpoints:
            - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %2$d}}}
    """
        .formatted(name, port)
        .indent(2);
  }

  private String metadata(Map<String, Object> metadata, boolean gateway) {
    String json = Json.write(metadata);
    return gateway
        ? json.substring(0, json.length() - 1)
            + ",\"MELTEMI_LOCAL\":"
            + topology.gatewayPlacement(pod)
            + "}"
        : json;
  }
}
