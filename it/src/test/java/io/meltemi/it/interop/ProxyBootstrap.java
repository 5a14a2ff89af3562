package io.meltemi.it.interop;

/**
 * The bootstrap of a proxy that gets everything from a control plane.
 *
 * @param type {@code sidecar} or {@code router}
 * @param address of its pod
 * @param apiType {@code GRPC} or {@code DELTA_GRPC}
 * @param local where its listeners bind, JSON
 */
record ProxyBootstrap(
    String name, String namespace, String type, String address, String apiType, String local) {

  /** As text for both data planes. */
  String yaml(int adminPort, int grpcPort) {
    return """
    admin: {address: {socket_address: {address: 127.0.0.1, port_value: %1$d}}}
    node:
      id: %2$s~%7$s~%3$s-0.%8$s~%8$s.svc.cluster.local
      cluster: %3$s.%8$s
      metadata:
        NAMESPACE: %8$s
        NAME: %3$s-0
        LABELS: {app: %3$s, istio: %3$s}
        MELTEMI_LOCAL: %5$s
    dynamic_resources:
      ads_config:
        api_type: %4$s
        transport_api_version: V3
        set_node_on_first_message_only: true
        grpc_services: [{envoy_grpc: {cluster_name: xds-grpc}}]
      cds_config: {ads: {}, resource_api_version: V3}
      lds_config: {ads: {}, resource_api_version: V3}
    static_resources:
      clusters:
      - name: xds-grpc
        type: STATIC
        connect_timeout: 1s
        typed_extension_protocol_options:
          envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
            "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
            explicit_http_config: {http2_protocol_options: {}}
        load_assignment:
          cluster_name: xds-grpc
          endpoints:
          - lb_endpoints:
            - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %6$d}}}
    """
        .formatted(adminPort, type, name, apiType, local, grpcPort, address, namespace);
  }
}
