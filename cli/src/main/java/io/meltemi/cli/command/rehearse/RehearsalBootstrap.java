package io.meltemi.cli.command.rehearse;

import java.nio.file.Path;

/**
 * The configuration of a proxy that is rehearsed, in YAML's flow style.
 *
 * @param listenerPort where callers arrive, in plain HTTP/1.1
 * @param securePort where the proxy calls itself over mutual TLS
 * @param tcpPort where it calls itself once more, for its TCP proxy
 * @param backendPort what answers
 * @param xdsPort of a control plane
 * @param directory for files
 * @param identity the part of a TLS context that has certificates; empty without TLS
 */
record RehearsalBootstrap(
    int listenerPort,
    int securePort,
    int tcpPort,
    int backendPort,
    int xdsPort,
    Path directory,
    String identity) {
  private static final String TYPES = "type.googleapis.com/envoy.extensions.";

  private static final String H2 =
      """
      typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {
        "@type": %supstreams.http.v3.HttpProtocolOptions,
        explicit_http_config: {http2_protocol_options: {}}}},"""
          .formatted(TYPES);

  String yaml() {
    return """
    node: {id: "sidecar~127.0.0.1~rehearsal.default~default.svc.cluster.local", cluster: rehearsal}
    admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
    dynamic_resources: {
      ads_config: {
        api_type: GRPC, transport_api_version: V3,
        grpc_services: [{envoy_grpc: {cluster_name: xds-grpc}}]},
      cds_config: {ads: {}, resource_api_version: V3}}
    static_resources: {
      listeners: [%s, %s, %s],
      clusters: [%s, %s, %s, %s, %s]}
    """
        .formatted(
            listener("rehearsal", listenerPort, "", http(routes())),
            listener("secure", securePort, downstreamTls(), http(route("/", "tcp"))),
            listener("tcp", tcpPort, "", tcp()),
            cluster("backend", backendPort, ""),
            cluster("tcp", tcpPort, ""),
            cluster("tls", securePort, upstreamTls("http/1.1")),
            cluster("h2", securePort, upstreamTls("h2") + H2),
            cluster("xds-grpc", xdsPort, H2));
  }

  private static String routes() {
    String retried =
        "{match: {prefix: /a}, route: {cluster: backend, timeout: 5s,"
            + " retry_policy: {retry_on: connect-failure, num_retries: 2}}}";
    return String.join(
        ", ", retried, route("/tls", "tls"), route("/h2", "h2"), route("/", "backend"));
  }

  private static String route(String prefix, String cluster) {
    return "{match: {prefix: " + prefix + "}, route: {cluster: " + cluster + "}}";
  }

  private static String listener(String name, int port, String transportSocket, String filter) {
    return """
    {name: %s, address: {socket_address: {address: 127.0.0.1, port_value: %d}},
     filter_chains: [{%s filters: [%s]}]}"""
        .formatted(name, port, transportSocket, filter);
  }

  private String http(String routes) {
    return """
    {name: envoy.filters.network.http_connection_manager, typed_config: {
      "@type": %1$sfilters.network.http_connection_manager.v3.HttpConnectionManager,
      stat_prefix: rehearsal,
      access_log: [{name: envoy.access_loggers.file, typed_config: {
        "@type": %1$saccess_loggers.file.v3.FileAccessLog, path: %2$s/access.log}}],
      route_config: {name: local, virtual_hosts: [
        {name: backend, domains: [backend, "127.0.0.1", a], routes: [%3$s]}]},
      http_filters: [{name: envoy.filters.http.router,
        typed_config: {"@type": %1$sfilters.http.router.v3.Router}}]}}"""
        .formatted(TYPES, directory, routes);
  }

  private static String tcp() {
    return """
    {name: envoy.filters.network.tcp_proxy, typed_config: {
      "@type": %sfilters.network.tcp_proxy.v3.TcpProxy, stat_prefix: tcp, cluster: backend}}"""
        .formatted(TYPES);
  }

  /**
   * @param more fields, each followed by a comma
   */
  private static String cluster(String name, int port, String more) {
    return """
    {name: %1$s, type: STATIC, connect_timeout: 1s, %2$s
     load_assignment: {cluster_name: %1$s, endpoints: [{lb_endpoints: [
       {endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %3$d}}}}]}]}}"""
        .formatted(name, more, port);
  }

  private String downstreamTls() {
    return tls("DownstreamTlsContext", "require_client_certificate: true,", "h2, http/1.1");
  }

  private String upstreamTls(String alpn) {
    return tls("UpstreamTlsContext", "sni: localhost,", alpn);
  }

  private String tls(String type, String more, String alpn) {
    return identity.isEmpty()
        ? ""
        : """
        transport_socket: {name: envoy.transport_sockets.tls, typed_config: {
          "@type": %stransport_sockets.tls.v3.%s, %s
          common_tls_context: {alpn_protocols: [%s], %s}}},"""
            .formatted(TYPES, type, more, alpn, identity);
  }
}
