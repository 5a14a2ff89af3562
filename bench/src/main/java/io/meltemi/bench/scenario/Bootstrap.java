package io.meltemi.bench.scenario;

import java.util.List;

/** Parts of an Envoy v3 bootstrap, as YAML in flow style, which nests without indentation. */
final class Bootstrap {
  private static final String TYPES = "type.googleapis.com/envoy.extensions.";

  private Bootstrap() {}

  static String document(int adminPort, List<String> listeners, List<String> clusters) {
    return """
    admin: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
    static_resources: {
      listeners: [
        %s],
      clusters: [
        %s]}
    """
        .formatted(adminPort, String.join(",\n", listeners), String.join(",\n", clusters));
  }

  /** A listener with one filter chain; an empty transport socket is plain text. */
  static String listener(int port, String transportSocket, String networkFilter) {
    String socket = transportSocket.isEmpty() ? "" : "transport_socket: " + transportSocket + ", ";
    return """
    {name: ingress, address: {socket_address: {address: 127.0.0.1, port_value: %d}},
     filter_chains: [{%sfilters: [%s]}]}"""
        .formatted(port, socket, networkFilter);
  }

  /** The router alone, every path to one cluster. */
  static String http(String cluster) {
    return http("", List.of("{match: {prefix: /}, route: {cluster: " + cluster + "}}"), List.of());
  }

  /**
   * An HTTP connection manager.
   *
   * @param settings more of its fields, each followed by a comma
   * @param routes of its one virtual host
   * @param filters before the router
   */
  static String http(String settings, List<String> routes, List<String> filters) {
    StringBuilder before = new StringBuilder();
    filters.forEach(filter -> before.append(filter).append(",\n"));
    return """
    {name: envoy.filters.network.http_connection_manager, typed_config: {
      "@type": %1$sfilters.network.http_connection_manager.v3.HttpConnectionManager,
      stat_prefix: ingress, %2$s
      route_config: {name: local, virtual_hosts: [{name: all, domains: ["*"], routes: [
        %3$s]}]},
      http_filters: [%4$s{name: envoy.filters.http.router,
        typed_config: {"@type": %1$sfilters.http.router.v3.Router}}]}}"""
        .formatted(TYPES, settings, String.join(",\n", routes), before);
  }

  static String tcp(String cluster) {
    return """
    {name: envoy.filters.network.tcp_proxy, typed_config: {
      "@type": %sfilters.network.tcp_proxy.v3.TcpProxy, stat_prefix: tcp, cluster: %s}}"""
        .formatted(TYPES, cluster);
  }

  /** The RBAC filter with one policy that lets the principals through. */
  static String rbac(List<String> principals) {
    return """
    {name: envoy.filters.http.rbac, typed_config: {
      "@type": %sfilters.http.rbac.v3.RBAC, rules: {action: ALLOW, policies: {callers: {
        permissions: [{any: true}], principals: [
        %s]}}}}}"""
        .formatted(TYPES, String.join(",\n", principals));
  }

  /** A static cluster with one endpoint; an empty transport socket is plain text. */
  static String cluster(String name, int port, boolean http2, String transportSocket) {
    String socket = transportSocket.isEmpty() ? "" : "transport_socket: " + transportSocket + ", ";
    String options =
        http2
            ? """
            typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {
              "@type": %supstreams.http.v3.HttpProtocolOptions,
              explicit_http_config: {http2_protocol_options: {}}}},
            """
                .formatted(TYPES)
            : "";
    return """
    {name: %1$s, type: STATIC, connect_timeout: 1s, %2$s %3$s
     load_assignment: {cluster_name: %1$s, endpoints: [{lb_endpoints: [
       {endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %4$d}}}}]}]}}"""
        .formatted(name, socket, options, port);
  }

  /** TLS towards the caller. */
  static String downstreamTls(Certificates certificates, String alpn, boolean requireClient) {
    return """
    {name: envoy.transport_sockets.tls, typed_config: {
      "@type": %1$stransport_sockets.tls.v3.DownstreamTlsContext,
      require_client_certificate: %2$b,
      common_tls_context: {alpn_protocols: [%3$s], %4$s}}}"""
        .formatted(TYPES, requireClient, alpn, identity(certificates, "server", requireClient));
  }

  /** TLS towards the backend, with the client's certificate. */
  static String upstreamTls(Certificates certificates) {
    return """
    {name: envoy.transport_sockets.tls, typed_config: {
      "@type": %1$stransport_sockets.tls.v3.UpstreamTlsContext, sni: localhost,
      common_tls_context: {%2$s}}}"""
        .formatted(TYPES, identity(certificates, "client", true));
  }

  private static String identity(Certificates certificates, String name, boolean validate) {
    String validation =
        validate
            ? ", validation_context: {trusted_ca: {filename: %s}}"
                .formatted(certificates.authority())
            : "";
    return """
    tls_certificates: [{certificate_chain: {filename: %s}, private_key: {filename: %s}}]%s"""
        .formatted(certificates.certificate(name), certificates.key(name), validation);
  }
}
