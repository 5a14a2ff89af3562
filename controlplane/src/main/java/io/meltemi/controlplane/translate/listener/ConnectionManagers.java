package io.meltemi.controlplane.translate.listener;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.KeepaliveSettings;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.extensions.filters.http.cors.v3.Cors;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ForwardClientCertDetails;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.SetCurrentClientCertDetails;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.UpgradeConfig;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension;
import io.envoyproxy.envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Phase;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.ProxyConfig;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.translate.DynamicDns;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.authz.AuthorizationFilters;
import io.meltemi.controlplane.translate.extension.ExtensionFilters;
import java.util.ArrayList;
import java.util.List;

/**
 * The HTTP connection managers of a proxy's filter chains, one kind per {@link ListenerClass}.
 *
 * <p>Differs from Istio: the filters that only Istio's build of Envoy has, gRPC statistics and
 * tracing come with telemetry; until then the list is RBAC where requests arrive, extensions,
 * fault, cors and router.
 */
final class ConnectionManagers {
  static final String NAME = "envoy.filters.network.http_connection_manager";

  private static final String SERVER_NAME = "istio-envoy";

  /** Of one connection; all of them share a thread. */
  private static final int TUNNELS_MAX = 100;

  private static final java.time.Duration KEEPALIVE_INTERVAL = java.time.Duration.ofSeconds(10);
  private static final java.time.Duration KEEPALIVE_TIMEOUT = java.time.Duration.ofSeconds(20);

  private static final List<HttpFilter> HTTP_FILTERS =
      List.of(
          httpFilter("envoy.filters.http.fault", Any.pack(HTTPFault.getDefaultInstance())),
          httpFilter("envoy.filters.http.cors", Any.pack(Cors.getDefaultInstance())));

  private static final HttpFilter ROUTER =
      httpFilter("envoy.filters.http.router", Any.pack(Router.getDefaultInstance()));

  private final ProxyNode node;
  private final MeshConfig mesh;
  private final DynamicDns names;
  private final AuthorizationFilters authorization;
  private final ExtensionFilters extensions;

  ConnectionManagers(ProxyNode node, PushContext context) {
    this(node, context, AuthorizationFilters.of(node, context));
  }

  /** With policies of their own, as services behind a waypoint have them. */
  ConnectionManagers(ProxyNode node, PushContext context, AuthorizationFilters authorization) {
    this.node = node;
    this.mesh = context.mesh();
    this.names = DynamicDns.of(node, context);
    this.authorization = authorization;
    this.extensions = ExtensionFilters.of(node, context);
  }

  /**
   * With routes asked for by name, which is how clients' sides and gateways get them.
   *
   * @param port that requests are for; 0 for all
   */
  Filter withRds(
      ListenerClass kind,
      int port,
      String statPrefix,
      String routeName,
      Http1ProtocolOptions http1) {
    HttpConnectionManager.Builder manager = base(kind, port, statPrefix, http1);
    boolean several = port == 0 || kind == ListenerClass.GATEWAY || node.placement().isPresent();
    if (several ? names.onAnyPort() : names.onPort(port)) {
      manager.addHttpFilters(names.httpFilter());
    }
    return filter(
        manager
            .addHttpFilters(ROUTER)
            .setRds(
                Rds.newBuilder()
                    .setConfigSource(
                        ConfigSource.newBuilder()
                            .setAds(AggregatedConfigSource.getDefaultInstance())
                            .setInitialFetchTimeout(Duration.getDefaultInstance())
                            .setResourceApiVersion(ApiVersion.V3))
                    .setRouteConfigName(routeName)));
  }

  /**
   * With its routes inside, as servers' sides have them.
   *
   * @param port of the workload; 0 where no service is known
   * @param http2 the port is declared as HTTP/2
   */
  Filter withRoutes(int port, String statPrefix, RouteConfiguration routes, boolean http2) {
    HttpConnectionManager.Builder manager =
        base(
                ListenerClass.SIDECAR_INBOUND,
                port,
                statPrefix,
                Http1ProtocolOptions.getDefaultInstance())
            .addHttpFilters(ROUTER)
            .setRouteConfig(routes);
    if (http2) {
      manager.setHttp2ProtocolOptions(Http2ProtocolOptions.getDefaultInstance());
    }
    return filter(manager);
  }

  /**
   * Of a waypoint, for a port of a service behind it.
   *
   * @param lookedUp each request names the host that is looked up
   */
  Filter behindWaypoint(int port, RouteConfiguration routes, boolean http2, boolean lookedUp) {
    HttpConnectionManager.Builder manager =
        base(
            ListenerClass.WAYPOINT,
            port,
            "inbound_0.0.0.0_" + port + ';',
            Http1ProtocolOptions.getDefaultInstance());
    if (lookedUp) {
      manager.addHttpFilters(names.httpFilter());
    }
    manager.addHttpFilters(ROUTER).setRouteConfig(routes);
    if (http2) {
      manager.setHttp2ProtocolOptions(Http2ProtocolOptions.getDefaultInstance());
    }
    return filter(manager);
  }

  /**
   * Of a waypoint, for the tunnels themselves.
   *
   * @param before the router
   */
  static Filter tunnels(RouteConfiguration routes, HttpFilter before) {
    return filter(
        HttpConnectionManager.newBuilder()
            .setStatPrefix(routes.getName())
            .setRouteConfig(routes)
            .addHttpFilters(before)
            .addHttpFilters(ROUTER)
            .setServerName(SERVER_NAME)
            .setUseRemoteAddress(ProtoValues.FALSE)
            .setForwardClientCertDetails(ForwardClientCertDetails.APPEND_FORWARD)
            .setSetCurrentClientCertDetails(
                SetCurrentClientCertDetails.newBuilder()
                    .setSubject(ProtoValues.TRUE)
                    .setDns(true)
                    .setUri(true))
            .setStreamIdleTimeout(Duration.getDefaultInstance())
            .addUpgradeConfigs(UpgradeConfig.newBuilder().setUpgradeType("CONNECT"))
            .setHttp2ProtocolOptions(
                Http2ProtocolOptions.newBuilder()
                    .setAllowConnect(true)
                    .setMaxConcurrentStreams(ProtoValues.uint32(TUNNELS_MAX))
                    .setConnectionKeepalive(
                        KeepaliveSettings.newBuilder()
                            .setInterval(ProtoValues.duration(KEEPALIVE_INTERVAL))
                            .setTimeout(ProtoValues.duration(KEEPALIVE_TIMEOUT)))));
  }

  private HttpConnectionManager.Builder base(
      ListenerClass kind, int port, String statPrefix, Http1ProtocolOptions http1) {
    HttpConnectionManager.Builder manager =
        HttpConnectionManager.newBuilder()
            .setStatPrefix(statPrefix)
            .addAllHttpFilters(guards(kind, port))
            .addAllHttpFilters(HTTP_FILTERS)
            .setStreamIdleTimeout(Duration.getDefaultInstance())
            .setProxy100Continue(true)
            .addUpgradeConfigs(UpgradeConfig.newBuilder().setUpgradeType("websocket"))
            .setRequestIdExtension(
                RequestIDExtension.newBuilder()
                    .setTypedConfig(
                        Any.pack(
                            UuidRequestIdConfig.newBuilder()
                                .setUseRequestIdForTraceSampling(ProtoValues.TRUE)
                                .build())))
            .addAllAccessLog(AccessLogs.of(mesh));
    normalizePath(manager);
    Http1ProtocolOptions.Builder protocol = http1.toBuilder();
    if (node.metadata().http10()) {
      protocol.setAcceptHttp10(true);
    }
    if (kind == ListenerClass.GATEWAY
        || !protocol.build().equals(Http1ProtocolOptions.getDefaultInstance())) {
      manager.setHttpProtocolOptions(protocol);
    }
    switch (kind) {
      case SIDECAR_OUTBOUND -> manager.setUseRemoteAddress(ProtoValues.FALSE);
      case SIDECAR_INBOUND ->
          manager
              .setServerName(SERVER_NAME)
              .setUseRemoteAddress(ProtoValues.FALSE)
              .setForwardClientCertDetails(ForwardClientCertDetails.APPEND_FORWARD)
              .setSetCurrentClientCertDetails(
                  SetCurrentClientCertDetails.newBuilder()
                      .setSubject(ProtoValues.TRUE)
                      .setDns(true)
                      .setUri(true));
      case GATEWAY -> gateway(manager);
      case WAYPOINT -> manager.setServerName(SERVER_NAME).setUseRemoteAddress(ProtoValues.FALSE);
    }
    return manager;
  }

  /** What may refuse requests, and what somebody put around it. */
  private List<HttpFilter> guards(ListenerClass kind, int port) {
    boolean server = kind == ListenerClass.SIDECAR_INBOUND || kind == ListenerClass.WAYPOINT;
    List<HttpFilter> own =
        kind == ListenerClass.SIDECAR_OUTBOUND ? List.of() : authorization.http();
    int asking = Math.min(own.size(), authorization.asking());
    List<HttpFilter> filters = new ArrayList<>(own.subList(0, asking));
    filters.addAll(extensions.http(Phase.AUTHN, server, port));
    filters.addAll(extensions.http(Phase.AUTHZ, server, port));
    filters.addAll(own.subList(asking, own.size()));
    filters.addAll(extensions.http(Phase.STATS, server, port));
    filters.addAll(extensions.http(Phase.UNSPECIFIED, server, port));
    return filters;
  }

  private void gateway(HttpConnectionManager.Builder manager) {
    ProxyConfig.GatewayTopology topology =
        node.metadata().gatewayTopology().orElse(mesh.defaultConfig().gatewayTopology());
    manager
        .setServerName(SERVER_NAME)
        .setUseRemoteAddress(ProtoValues.TRUE)
        .setXffNumTrustedHops(topology.numTrustedProxies())
        .setForwardClientCertDetails(
            switch (topology.forwardClientCertDetails()) {
              case UNDEFINED, SANITIZE_SET -> ForwardClientCertDetails.SANITIZE_SET;
              case SANITIZE -> ForwardClientCertDetails.SANITIZE;
              case FORWARD_ONLY -> ForwardClientCertDetails.FORWARD_ONLY;
              case APPEND_FORWARD -> ForwardClientCertDetails.APPEND_FORWARD;
              case ALWAYS_FORWARD_ONLY -> ForwardClientCertDetails.ALWAYS_FORWARD_ONLY;
            })
        .setSetCurrentClientCertDetails(
            SetCurrentClientCertDetails.newBuilder()
                .setSubject(ProtoValues.TRUE)
                .setCert(true)
                .setDns(true)
                .setUri(true));
  }

  private void normalizePath(HttpConnectionManager.Builder manager) {
    switch (mesh.pathNormalization()) {
      case NONE ->
          manager
              .setNormalizePath(ProtoValues.FALSE)
              .setPathWithEscapedSlashesAction(PathWithEscapedSlashesAction.KEEP_UNCHANGED);
      case DEFAULT, BASE ->
          manager
              .setNormalizePath(ProtoValues.TRUE)
              .setPathWithEscapedSlashesAction(PathWithEscapedSlashesAction.KEEP_UNCHANGED);
      case MERGE_SLASHES ->
          manager
              .setNormalizePath(ProtoValues.TRUE)
              .setMergeSlashes(true)
              .setPathWithEscapedSlashesAction(PathWithEscapedSlashesAction.KEEP_UNCHANGED);
      case DECODE_AND_MERGE_SLASHES ->
          manager
              .setNormalizePath(ProtoValues.TRUE)
              .setMergeSlashes(true)
              .setPathWithEscapedSlashesAction(PathWithEscapedSlashesAction.UNESCAPE_AND_FORWARD);
    }
  }

  private static HttpFilter httpFilter(String name, Any config) {
    return HttpFilter.newBuilder().setName(name).setTypedConfig(config).build();
  }

  private static Filter filter(HttpConnectionManager.Builder manager) {
    return Filter.newBuilder().setName(NAME).setTypedConfig(Any.pack(manager.build())).build();
  }
}
