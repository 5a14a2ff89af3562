package io.meltemi.proxy;

import io.meltemi.testing.TestPki.Issued;

/** Parts of bootstraps with TLS. */
final class TlsYaml {
  private static final String TLS =
      "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.";

  private TlsYaml() {}

  static String text(String pem) {
    return "{inline_string: \"" + pem.replace("\n", "\\n") + "\"}";
  }

  static String certificate(Issued issued) {
    return "{certificate_chain: "
        + text(issued.chain())
        + ", private_key: "
        + text(issued.key())
        + "}";
  }

  /**
   * @param common fields of the common context in YAML's flow form
   * @param own fields of the context itself, each behind a comma
   */
  static String downstream(String common, String own) {
    return "{name: envoy.transport_sockets.tls, typed_config: {\"@type\": "
        + TLS
        + "DownstreamTlsContext, common_tls_context: {"
        + common
        + "}"
        + own
        + "}}";
  }

  static String upstream(String common, String own) {
    return "{name: envoy.transport_sockets.tls, typed_config: {\"@type\": "
        + TLS
        + "UpstreamTlsContext, common_tls_context: {"
        + common
        + "}"
        + own
        + "}}";
  }

  /** One chain in flow form whose requests go to a cluster. */
  static String httpChain(String match, String transportSocket, String cluster) {
    return "{"
        + (match.isEmpty() ? "" : "filter_chain_match: " + match + ", ")
        + (transportSocket.isEmpty() ? "" : "transport_socket: " + transportSocket + ", ")
        + """
        filters: [{name: envoy.filters.network.http_connection_manager, typed_config: {
         "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager,
         stat_prefix: tls, codec_type: HTTP1, $MANAGER
         access_log: [{name: log, typed_config: {
          "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog,
          log_format: {text_format_source: {inline_string: "$LOG\\n"}}}}],
         route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [
          {match: {prefix: /}, route: {cluster: CLUSTER}}]}]},
         http_filters: [{name: envoy.filters.http.router, typed_config: {
          "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]}}]}
        """
            .replace("CLUSTER", cluster);
  }

  static String tcpChain(String transportSocket, String cluster) {
    return "{"
        + (transportSocket.isEmpty() ? "" : "transport_socket: " + transportSocket + ", ")
        + """
        filters: [{name: envoy.filters.network.tcp_proxy, typed_config: {
         "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy,
         stat_prefix: tcp, cluster: CLUSTER}}]}
        """
            .replace("CLUSTER", cluster);
  }

  static String listener(String name, String chains) {
    return listener(
        name,
        "{name: tls, typed_config: {\"@type\":"
            + " type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector}}",
        chains);
  }

  static String listener(String name, String listenerFilters, String chains) {
    return "\n  - name: "
        + name
        + "\n    stat_prefix: "
        + name
        + "\n    address: {socket_address: {address: 127.0.0.1, port_value: 0}}"
        + "\n    listener_filters: ["
        + listenerFilters
        + "]"
        + "\n    filter_chains: ["
        + chains.replace("\n", " ")
        + "]";
  }

  /**
   * @param more further fields of the cluster, each behind a comma
   */
  static String cluster(String name, int port, String more) {
    return "\n  - {name: "
        + name
        + ", type: STATIC, load_assignment: {cluster_name: "
        + name
        + ", endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1,"
        + " port_value: "
        + port
        + "}}}}]}]}"
        + more
        + "}";
  }

  static String bootstrap(String listeners, String clusters) {
    return "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}\n"
        + "static_resources:\n  listeners:"
        + listeners
        + "\n  clusters:"
        + clusters
        + "\n";
  }
}
