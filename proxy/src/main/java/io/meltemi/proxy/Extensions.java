package io.meltemi.proxy;

import com.github.xds.type.matcher.v3.IPMatcher;
import com.google.protobuf.BytesValue;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Message;
import com.google.protobuf.StringValue;
import com.google.protobuf.Struct;
import com.google.protobuf.TypeRegistry;
import io.envoyproxy.envoy.admin.v3.BootstrapConfigDump;
import io.envoyproxy.envoy.admin.v3.ClustersConfigDump;
import io.envoyproxy.envoy.admin.v3.EcdsConfigDump;
import io.envoyproxy.envoy.admin.v3.EndpointsConfigDump;
import io.envoyproxy.envoy.admin.v3.ListenersConfigDump;
import io.envoyproxy.envoy.admin.v3.RoutesConfigDump;
import io.envoyproxy.envoy.admin.v3.SecretsConfigDump;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.rbac.v3.Action;
import io.envoyproxy.envoy.config.route.v3.FilterConfig;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.trace.v3.DatadogConfig;
import io.envoyproxy.envoy.config.trace.v3.OpenTelemetryConfig;
import io.envoyproxy.envoy.config.trace.v3.ZipkinConfig;
import io.envoyproxy.envoy.extensions.access_loggers.file.v3.FileAccessLog;
import io.envoyproxy.envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig;
import io.envoyproxy.envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig;
import io.envoyproxy.envoy.extensions.access_loggers.stream.v3.StderrAccessLog;
import io.envoyproxy.envoy.extensions.access_loggers.stream.v3.StdoutAccessLog;
import io.envoyproxy.envoy.extensions.bootstrap.internal_listener.v3.InternalListener;
import io.envoyproxy.envoy.extensions.clusters.dns.v3.DnsCluster;
import io.envoyproxy.envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig;
import io.envoyproxy.envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit;
import io.envoyproxy.envoy.extensions.filters.http.basic_auth.v3.BasicAuth;
import io.envoyproxy.envoy.extensions.filters.http.basic_auth.v3.BasicAuthPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.buffer.v3.Buffer;
import io.envoyproxy.envoy.extensions.filters.http.buffer.v3.BufferPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.cors.v3.Cors;
import io.envoyproxy.envoy.extensions.filters.http.cors.v3.CorsPolicy;
import io.envoyproxy.envoy.extensions.filters.http.csrf.v3.CsrfPolicy;
import io.envoyproxy.envoy.extensions.filters.http.custom_response.v3.CustomResponse;
import io.envoyproxy.envoy.extensions.filters.http.dynamic_forward_proxy.v3.PerRouteConfig;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.ExtAuthz;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.http.grpc_web.v3.GrpcWeb;
import io.envoyproxy.envoy.extensions.filters.http.header_mutation.v3.HeaderMutation;
import io.envoyproxy.envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.health_check.v3.HealthCheck;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication;
import io.envoyproxy.envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit;
import io.envoyproxy.envoy.extensions.filters.http.oauth2.v3.OAuth2;
import io.envoyproxy.envoy.extensions.filters.http.ratelimit.v3.RateLimit;
import io.envoyproxy.envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.rbac.v3.RBAC;
import io.envoyproxy.envoy.extensions.filters.http.rbac.v3.RBACPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.http.set_filter_state.v3.Config;
import io.envoyproxy.envoy.extensions.filters.http.wasm.v3.Wasm;
import io.envoyproxy.envoy.extensions.filters.listener.http_inspector.v3.HttpInspector;
import io.envoyproxy.envoy.extensions.filters.listener.original_dst.v3.OriginalDst;
import io.envoyproxy.envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol;
import io.envoyproxy.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector;
import io.envoyproxy.envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy;
import io.envoyproxy.envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink;
import io.envoyproxy.envoy.extensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy;
import io.envoyproxy.envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig;
import io.envoyproxy.envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin;
import io.envoyproxy.envoy.extensions.load_balancing_policies.cluster_provided.v3.ClusterProvided;
import io.envoyproxy.envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest;
import io.envoyproxy.envoy.extensions.load_balancing_policies.maglev.v3.Maglev;
import io.envoyproxy.envoy.extensions.load_balancing_policies.random.v3.Random;
import io.envoyproxy.envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash;
import io.envoyproxy.envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin;
import io.envoyproxy.envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.ApplicationProtocolInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DirectSourceIPInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.ServerNameInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.SourceIPInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.TransportProtocolInput;
import io.envoyproxy.envoy.extensions.matching.input_matchers.ip.v3.Ip;
import io.envoyproxy.envoy.extensions.matching.input_matchers.metadata.v3.Metadata;
import io.envoyproxy.envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig;
import io.envoyproxy.envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig;
import io.envoyproxy.envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig;
import io.envoyproxy.envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig;
import io.envoyproxy.envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate;
import io.envoyproxy.envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig;
import io.envoyproxy.envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate;
import io.envoyproxy.envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig;
import io.envoyproxy.envoy.extensions.tracers.opentelemetry.resource_detectors.v3.EnvironmentResourceDetectorConfig;
import io.envoyproxy.envoy.extensions.tracers.opentelemetry.resource_detectors.v3.StaticConfigResourceDetectorConfig;
import io.envoyproxy.envoy.extensions.tracers.opentelemetry.samplers.v3.AlwaysOnSamplerConfig;
import io.envoyproxy.envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport;
import io.envoyproxy.envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport;
import io.envoyproxy.envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.type.matcher.v3.HttpRequestHeaderMatchInput;
import io.envoyproxy.envoy.type.matcher.v3.HttpResponseHeaderMatchInput;
import io.envoyproxy.envoy.type.matcher.v3.HttpResponseStatusCodeClassMatchInput;
import io.envoyproxy.envoy.type.matcher.v3.HttpResponseStatusCodeMatchInput;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.accesslog.LogHost;
import io.meltemi.proxy.accesslog.cel.CelConditionFactory;
import io.meltemi.proxy.accesslog.grpc.GrpcLogFactory;
import io.meltemi.proxy.accesslog.opentelemetry.OpenTelemetryLogFactory;
import io.meltemi.proxy.cel.CelExpressions;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.cluster.ClusterSettings.LbPolicy;
import io.meltemi.proxy.cluster.HostPickerFactory;
import io.meltemi.proxy.cluster.lb.clientsideweighted.ClientSideWeightedFactory;
import io.meltemi.proxy.cluster.lb.leastrequest.LeastRequestFactory;
import io.meltemi.proxy.cluster.lb.maglev.MaglevFactory;
import io.meltemi.proxy.cluster.lb.random.RandomFactory;
import io.meltemi.proxy.cluster.lb.ringhash.RingHashFactory;
import io.meltemi.proxy.cluster.lb.roundrobin.RoundRobinFactory;
import io.meltemi.proxy.http.DiscoveredFilters;
import io.meltemi.proxy.http.HttpConnectionManagerFactory;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.http.HttpFilters;
import io.meltemi.proxy.http.RouteSource;
import io.meltemi.proxy.http.filter.alpn.AlpnFilterFactory;
import io.meltemi.proxy.http.filter.bandwidthlimit.BandwidthLimitFilterFactory;
import io.meltemi.proxy.http.filter.basicauth.BasicAuthFilterFactory;
import io.meltemi.proxy.http.filter.buffer.BufferFilterFactory;
import io.meltemi.proxy.http.filter.cors.CorsFilterFactory;
import io.meltemi.proxy.http.filter.csrf.CsrfFilterFactory;
import io.meltemi.proxy.http.filter.customresponse.CustomResponseFilterFactory;
import io.meltemi.proxy.http.filter.dynamicforwardproxy.DynamicForwardProxyFactory;
import io.meltemi.proxy.http.filter.extauthz.ExtAuthzFilterFactory;
import io.meltemi.proxy.http.filter.extproc.ExtProcFilterFactory;
import io.meltemi.proxy.http.filter.fault.FaultFilterFactory;
import io.meltemi.proxy.http.filter.grpcstats.GrpcStatsFilterFactory;
import io.meltemi.proxy.http.filter.grpcweb.GrpcWebFilterFactory;
import io.meltemi.proxy.http.filter.headermutation.HeaderMutationFilterFactory;
import io.meltemi.proxy.http.filter.healthcheck.HealthCheckFilterFactory;
import io.meltemi.proxy.http.filter.istiostats.IstioStatsFilterFactory;
import io.meltemi.proxy.http.filter.jwtauthn.JwtFilterFactory;
import io.meltemi.proxy.http.filter.localratelimit.LocalRateLimitFilterFactory;
import io.meltemi.proxy.http.filter.oauth2.OAuth2FilterFactory;
import io.meltemi.proxy.http.filter.peermetadata.PeerMetadataFilterFactory;
import io.meltemi.proxy.http.filter.ratelimit.RateLimitFilterFactory;
import io.meltemi.proxy.http.filter.rbac.RbacFilterFactory;
import io.meltemi.proxy.http.filter.router.RouterFilterFactory;
import io.meltemi.proxy.http.filter.setfilterstate.SetFilterStateFactory;
import io.meltemi.proxy.http.filter.wasm.WasmFilterFactory;
import io.meltemi.proxy.listener.ListenerFilterFactory;
import io.meltemi.proxy.listener.filter.httpinspector.HttpInspectorFactory;
import io.meltemi.proxy.listener.filter.originaldst.OriginalDestinationFilterFactory;
import io.meltemi.proxy.listener.filter.proxyprotocol.ProxyProtocolFilterFactory;
import io.meltemi.proxy.listener.filter.tlsinspector.TlsInspectorFactory;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.network.NetworkFilterFactory;
import io.meltemi.proxy.network.filter.connectionlimit.ConnectionLimitFactory;
import io.meltemi.proxy.network.filter.istiostats.IstioStatsNetworkFactory;
import io.meltemi.proxy.network.filter.metadataexchange.MetadataExchangeFactory;
import io.meltemi.proxy.network.filter.rbac.RbacNetworkFilterFactory;
import io.meltemi.proxy.network.filter.snidynamicforwardproxy.SniDynamicForwardProxyFactory;
import io.meltemi.proxy.network.filter.tcpproxy.TcpProxyFactory;
import io.meltemi.proxy.parse.IstioMessages;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.NewerMessages;
import io.meltemi.proxy.route.RouteTableParser;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.accesslog.AccessLogParser;
import io.meltemi.proxy.telemetry.accesslog.LogFiles;
import io.meltemi.proxy.tracing.TracingParser;
import io.meltemi.proxy.tracing.TracingSettings;
import io.meltemi.proxy.tracing.datadog.DatadogTracerFactory;
import io.meltemi.proxy.tracing.opentelemetry.OpenTelemetryTracerFactory;
import io.meltemi.proxy.tracing.zipkin.ZipkinTracerFactory;
import io.meltemi.proxy.transport.GenericSecrets;
import io.meltemi.proxy.transport.Peers;
import io.meltemi.proxy.transport.Secrets;
import io.meltemi.proxy.upstream.Connector;
import io.meltemi.proxy.upstream.GrpcClient;
import io.meltemi.proxy.upstream.UpstreamClient;
import io.meltemi.proxy.upstream.UpstreamPools;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/** Every extension of this proxy: adding one is a line here. Nothing is found by scanning. */
final class Extensions {
  private Extensions() {}

  /** Messages that may stand in an {@code Any} of a configuration, by full name. */
  static Map<String, Supplier<Descriptor>> messages() {
    Map<String, Supplier<Descriptor>> messages = MessageTypes.byName(envoyMessages());
    messages.put(NewerFields.LOCAL_REPLY_INPUT, NewerFields::localReplyInput);
    messages.put(IstioMessages.ALPN_NAME, () -> IstioMessages.ALPN);
    messages.put(IstioMessages.STATS_NAME, () -> IstioMessages.STATS);
    messages.put(NewerMessages.OVERRIDE_HOST, NewerMessages::overrideHost);
    messages.put(NewerMessages.OAUTH2_PER_ROUTE, NewerMessages::oauth2PerRoute);
    return messages;
  }

  private static List<Class<? extends Message>> envoyMessages() {
    return List.of(
        HttpConnectionManager.class,
        TcpProxy.class,
        Router.class,
        HTTPFault.class,
        Cors.class,
        CorsPolicy.class,
        LocalRateLimit.class,
        BandwidthLimit.class,
        BasicAuth.class,
        BasicAuthPerRoute.class,
        HealthCheck.class,
        JwtAuthentication.class,
        io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig.class,
        OAuth2.class,
        RateLimit.class,
        RateLimitPerRoute.class,
        Buffer.class,
        BufferPerRoute.class,
        CsrfPolicy.class,
        CustomResponse.class,
        LocalResponsePolicy.class,
        HttpResponseStatusCodeMatchInput.class,
        HttpResponseStatusCodeClassMatchInput.class,
        HttpResponseHeaderMatchInput.class,
        ExtAuthz.class,
        ExtAuthzPerRoute.class,
        ExternalProcessor.class,
        ExtProcPerRoute.class,
        RBAC.class,
        RBACPerRoute.class,
        Action.class,
        SourceIPInput.class,
        DirectSourceIPInput.class,
        DestinationIPInput.class,
        DestinationPortInput.class,
        ServerNameInput.class,
        DynamicMetadataInput.class,
        HttpRequestHeaderMatchInput.class,
        Ip.class,
        Metadata.class,
        io.envoyproxy.envoy.extensions.filters.network.rbac.v3.RBAC.class,
        ConnectionLimit.class,
        ProxyProtocolUpstreamTransport.class,
        InternalListener.class,
        InternalUpstreamTransport.class,
        Config.class,
        IPMatcher.class,
        ApplicationProtocolInput.class,
        TransportProtocolInput.class,
        ClientSideWeightedRoundRobin.class,
        ClusterConfig.class,
        PerRouteConfig.class,
        io.envoyproxy.envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig.class,
        io.envoyproxy.envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig
            .class,
        UriTemplateMatchConfig.class,
        FilterConfig.class,
        OriginalDst.class,
        ProxyProtocol.class,
        TlsInspector.class,
        HttpInspector.class,
        FileAccessLog.class,
        StdoutAccessLog.class,
        StderrAccessLog.class,
        HttpProtocolOptions.class,
        GrpcWeb.class,
        HeaderMutation.class,
        HeaderMutationPerRoute.class,
        io.envoyproxy.envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation
            .class,
        PreserveCaseFormatterConfig.class,
        RawBuffer.class,
        OmitCanaryHostsPredicate.class,
        OmitHostMetadataConfig.class,
        PreviousPrioritiesConfig.class,
        DnsCluster.class,
        ClusterProvided.class,
        LeastRequest.class,
        Maglev.class,
        Random.class,
        RingHash.class,
        RoundRobin.class,
        WrrLocality.class,
        DownstreamTlsContext.class,
        UpstreamTlsContext.class,
        Secret.class,
        UuidRequestIdConfig.class,
        PreviousHostsPredicate.class,
        io.envoyproxy.envoy.extensions.filters.http.grpc_stats.v3.FilterConfig.class,
        com.github.udpa.udpa.type.v1.TypedStruct.class,
        com.github.xds.type.v3.TypedStruct.class,
        CaresDnsResolverConfig.class,
        GetAddrInfoDnsResolverConfig.class,
        Cluster.class,
        Listener.class,
        RouteConfiguration.class,
        ClusterLoadAssignment.class,
        TypedExtensionConfig.class,
        Wasm.class,
        BytesValue.class,
        StringValue.class,
        HealthCheckEventFileSink.class,
        OpenTelemetryConfig.class,
        OpenTelemetryAccessLogConfig.class,
        HttpGrpcAccessLogConfig.class,
        TcpGrpcAccessLogConfig.class,
        ExpressionFilter.class,
        ZipkinConfig.class,
        DatadogConfig.class,
        AlwaysOnSamplerConfig.class,
        EnvironmentResourceDetectorConfig.class,
        StaticConfigResourceDetectorConfig.class,
        Struct.class,
        DiscoveryResponse.class);
  }

  /** What {@code /config_dump} prints. */
  static TypeRegistry types() {
    TypeRegistry.Builder types = TypeRegistry.newBuilder();
    messages().values().forEach(message -> types.add(message.get()));
    return types
        .add(BootstrapConfigDump.getDescriptor())
        .add(ClustersConfigDump.getDescriptor())
        .add(ListenersConfigDump.getDescriptor())
        .add(RoutesConfigDump.getDescriptor())
        .add(EndpointsConfigDump.getDescriptor())
        .add(SecretsConfigDump.getDescriptor())
        .add(EcdsConfigDump.getDescriptor())
        .build();
  }

  static Map<LbPolicy, HostPickerFactory> loadBalancers() {
    return Map.of(
        LbPolicy.ROUND_ROBIN, new RoundRobinFactory(),
        LbPolicy.LEAST_REQUEST, new LeastRequestFactory(),
        LbPolicy.RANDOM, new RandomFactory(),
        LbPolicy.RING_HASH, new RingHashFactory(),
        LbPolicy.MAGLEV, new MaglevFactory(),
        LbPolicy.CLIENT_SIDE_WEIGHTED, new ClientSideWeightedFactory());
  }

  /** What the factories below share. */
  record Shared(
      ClusterManager clusters,
      Connector connector,
      UpstreamPools pools,
      AccessLogParser accessLogs,
      Stats stats,
      Peers peers,
      Secrets secrets,
      Ticker ticker,
      CelExpressions expressions,
      Node node,
      Supplier<List<LoopContext>> loops,
      BooleanSupplier failing,
      Executor configuration,
      Runnable changed) {
    Formatter.Sources sources() {
      return new Formatter.Sources(ticker, System.getenv());
    }

    String nodeCluster() {
      return node.getCluster();
    }
  }

  static AccessLogParser accessLogs(
      LogFiles files,
      UpstreamClient client,
      Supplier<List<LoopContext>> loops,
      Node node,
      Formatter.Sources sources,
      Stats stats,
      CelExpressions expressions) {
    LogHost host = new LogHost(new GrpcClient(client), loops, node, sources, stats);
    return new AccessLogParser(
        files,
        sources,
        List.of(new GrpcLogFactory(host), new OpenTelemetryLogFactory(host)),
        List.of(new CelConditionFactory(expressions)));
  }

  static HttpFilters httpFilters(Shared shared) {
    UpstreamClient client = new UpstreamClient(shared.clusters(), shared.pools());
    List<HttpFilterFactory> filters =
        List.of(
            new FaultFilterFactory(),
            new CorsFilterFactory(),
            new DynamicForwardProxyFactory(shared.clusters()),
            new RbacFilterFactory(shared.expressions()),
            new JwtFilterFactory(client),
            new BandwidthLimitFilterFactory(shared.stats()),
            new BasicAuthFilterFactory(),
            new BufferFilterFactory(),
            new SetFilterStateFactory(shared.ticker()),
            new CsrfFilterFactory(),
            new CustomResponseFilterFactory(shared.ticker()),
            new ExtProcFilterFactory(client),
            new ExtAuthzFilterFactory(client, shared.clusters(), shared.ticker()),
            new HeaderMutationFilterFactory(shared.ticker()),
            new OAuth2FilterFactory(
                client, new GenericSecrets(shared.secrets()), shared.stats(), shared.ticker()),
            new HealthCheckFilterFactory(shared.failing(), shared.nodeCluster()),
            new LocalRateLimitFilterFactory(shared.stats(), shared.ticker(), shared.nodeCluster()),
            new RateLimitFilterFactory(
                client, shared.clusters(), shared.ticker(), shared.nodeCluster()),
            new AlpnFilterFactory(shared.clusters()),
            new PeerMetadataFilterFactory(shared.peers().own(), shared.clusters()),
            new IstioStatsFilterFactory(),
            new WasmFilterFactory(
                new WasmFilterFactory.Host(
                    client,
                    shared.clusters(),
                    shared.loops(),
                    shared.node(),
                    shared.ticker(),
                    System.getenv(),
                    shared.configuration(),
                    shared.changed()),
                shared.stats()),
            new GrpcWebFilterFactory(shared.clusters(), shared.stats()),
            new GrpcStatsFilterFactory(shared.clusters(), shared.stats()),
            new RouterFilterFactory(
                shared.clusters(), shared.pools(), shared.accessLogs(), shared.stats()));
    return new HttpFilters(filters);
  }

  private static TracingParser tracing(Shared shared) {
    UpstreamClient client = new UpstreamClient(shared.clusters(), shared.pools());
    Node node = shared.node();
    return new TracingParser(
        List.of(
            new OpenTelemetryTracerFactory(client, shared.stats(), System.getenv(), Proxy.VERSION),
            new ZipkinTracerFactory(client, shared.stats(), shared.nodeCluster()),
            new DatadogTracerFactory(client, shared.stats(), Proxy.VERSION)),
        shared.sources(),
        new TracingSettings.Self(node.getId(), node.getLocality().getZone()));
  }

  static List<NetworkFilterFactory> networkFilters(
      Shared shared,
      HttpFilters httpFilters,
      DiscoveredFilters discovered,
      RouteTableParser routeParser,
      Function<String, RouteSource> routes) {
    return List.of(
        new HttpConnectionManagerFactory(
            httpFilters,
            discovered,
            routeParser,
            routes,
            shared.accessLogs(),
            tracing(shared),
            shared.stats()),
        new SniDynamicForwardProxyFactory(),
        new RbacNetworkFilterFactory(shared.stats(), shared.expressions()),
        new ConnectionLimitFactory(shared.stats()),
        new MetadataExchangeFactory(shared.peers()),
        new IstioStatsNetworkFactory(),
        new TcpProxyFactory(
            shared.clusters(),
            shared.connector(),
            shared.pools(),
            shared.accessLogs(),
            shared.stats(),
            shared.ticker()));
  }

  static List<ListenerFilterFactory> listenerFilters() {
    return List.of(
        new OriginalDestinationFilterFactory(),
        new ProxyProtocolFilterFactory(),
        new TlsInspectorFactory(),
        new HttpInspectorFactory());
  }
}
