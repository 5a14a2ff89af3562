package io.meltemi.proxy.http;

/** Connection managers in YAML that log every request and have the router as their only filter. */
final class ManagerYaml {
  /** All requests to the cluster {@code a}. */
  static final String TO_A =
      """
      - match: {prefix: "/"}
        route: {cluster: a}
      """;

  private ManagerYaml() {}

  static String manager(String routes) {
    return manager(routes, "");
  }

  /**
   * @param more further fields of the manager, one a line
   */
  static String manager(String routes, String more) {
    return """
        stat_prefix: t
        %s
        access_log:
        - name: out
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
            log_format:
              text_format_source:
                inline_string: "%%REQ(:PATH)%% %%RESPONSE_CODE%% %%RESPONSE_FLAGS%% %%RESPONSE_CODE_DETAILS%%\\n"
        route_config:
          name: r
          virtual_hosts:
          - name: all
            domains: ["*"]
            routes:
        %s
        http_filters:
        - name: envoy.filters.http.router
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
        """
        .formatted(more, routes.indent(4).stripTrailing());
  }
}
