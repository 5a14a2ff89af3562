package io.meltemi.proxy.cluster;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.Struct;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers.Thresholds;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.DiscoveryType;
import io.envoyproxy.envoy.config.cluster.v3.OutlierDetection;
import io.envoyproxy.envoy.config.cluster.v3.UpstreamConnectionOptions;
import io.envoyproxy.envoy.config.core.v3.BindConfig;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.core.v3.TcpKeepalive;
import io.envoyproxy.envoy.config.core.v3.UpstreamHttpProtocolOptions;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.cluster.ClusterSettings.Balancing;
import io.meltemi.proxy.cluster.ClusterSettings.Breakers;
import io.meltemi.proxy.cluster.ClusterSettings.Discovery;
import io.meltemi.proxy.cluster.ClusterSettings.Dns;
import io.meltemi.proxy.cluster.ClusterSettings.DnsFamily;
import io.meltemi.proxy.cluster.ClusterSettings.HostNames;
import io.meltemi.proxy.cluster.ClusterSettings.Http;
import io.meltemi.proxy.cluster.ClusterSettings.Keepalive;
import io.meltemi.proxy.cluster.ClusterSettings.Protocol;
import io.meltemi.proxy.codec.HeadLimits;
import io.meltemi.proxy.codec.Http2SettingsParser;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.parse.TypedStructs;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.transport.PeerExchangeConfig;
import io.meltemi.proxy.transport.Peers;
import io.meltemi.proxy.transport.TransportSocketParser;
import io.meltemi.proxy.transport.UpstreamTransports;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Parses {@code config.cluster.v3.Cluster}. Any thread. */
public final class ClusterParser {
  private static final String HTTP_OPTIONS =
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  static final String SYSTEM_RESOLVER = "names are looked up by the system's resolver";

  private static final SupportedFields CLUSTER =
      SupportedFields.of(
              Cluster.class,
              "name",
              "filters",
              "alt_stat_name",
              "type",
              "cluster_type",
              "eds_cluster_config",
              "connect_timeout",
              "per_connection_buffer_limit_bytes",
              "lb_policy",
              "load_assignment",
              "max_requests_per_connection",
              "circuit_breakers",
              "common_http_protocol_options",
              "http_protocol_options",
              "http2_protocol_options",
              "upstream_http_protocol_options",
              "typed_extension_protocol_options",
              "dns_refresh_rate",
              "dns_failure_refresh_rate",
              "dns_lookup_family",
              "outlier_detection",
              "cleanup_interval",
              "upstream_bind_config",
              "original_dst_lb_config",
              "least_request_lb_config",
              "round_robin_lb_config",
              "ring_hash_lb_config",
              "maglev_lb_config",
              "load_balancing_policy",
              "health_checks",
              "common_lb_config",
              "transport_socket",
              "transport_socket_matches",
              "metadata",
              "upstream_connection_options",
              "ignore_health_on_host_removal",
              "wait_for_warm_on_init")
          .withoutEffect(
              SYSTEM_RESOLVER,
              "respect_dns_ttl",
              "dns_jitter",
              "dns_resolvers",
              "use_tcp_for_dns_lookups",
              "dns_resolution_config",
              "typed_dns_resolver_config")
          .withoutEffect(
              "connections to a host that fails live on",
              "close_connections_on_host_health_failure")
          .withoutEffect("no such stats are kept", "track_cluster_stats", "track_timeout_budgets");
  private static final SupportedFields EDS =
      SupportedFields.of(Cluster.EdsClusterConfig.class, "eds_config", "service_name");
  private static final SupportedFields HTTP =
      SupportedFields.of(
          HttpProtocolOptions.class,
          "common_http_protocol_options",
          "explicit_http_config",
          "auto_config",
          "use_downstream_protocol_config",
          "upstream_http_protocol_options",
          "hash_policy");
  private static final SupportedFields HOST_NAMES =
      SupportedFields.of(
          UpstreamHttpProtocolOptions.class,
          "auto_sni",
          "auto_san_validation",
          "override_auto_sni_header");
  private static final SupportedFields EXPLICIT =
      SupportedFields.of(
          HttpProtocolOptions.ExplicitHttpConfig.class,
          "http_protocol_options",
          "http2_protocol_options");
  private static final SupportedFields AUTO =
      SupportedFields.of(
          HttpProtocolOptions.AutoHttpConfig.class,
          "http_protocol_options",
          "http2_protocol_options");
  private static final SupportedFields SAME_AS_DOWNSTREAM =
      SupportedFields.of(
          HttpProtocolOptions.UseDownstreamHttpConfig.class,
          "http_protocol_options",
          "http2_protocol_options");

  private static final SupportedFields COMMON_HTTP =
      SupportedFields.of(
          io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions.class,
          "idle_timeout",
          "max_connection_duration",
          "max_stream_duration",
          "max_headers_count",
          "max_response_headers_kb",
          "max_requests_per_connection");
  private static final SupportedFields HTTP1 =
      SupportedFields.of(Http1ProtocolOptions.class, "enable_trailers", "allow_chunked_length")
          .withoutEffect(
              "concerns servers only",
              "allow_absolute_url",
              "accept_http_10",
              "default_host_for_http_10");
  private static final SupportedFields BREAKERS =
      SupportedFields.of(
          io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers.class,
          "thresholds",
          "per_host_thresholds");
  private static final SupportedFields PER_HOST =
      SupportedFields.of(Thresholds.class, "max_connections");
  private static final SupportedFields THRESHOLDS =
      SupportedFields.of(
              Thresholds.class,
              "priority",
              "max_connections",
              "max_pending_requests",
              "max_requests",
              "max_retries",
              "retry_budget",
              "track_remaining")
          .withoutEffect("the number of pools has no limit", "max_connection_pools");
  private static final SupportedFields OUTLIER =
      SupportedFields.of(
          OutlierDetection.class,
          "consecutive_5xx",
          "interval",
          "base_ejection_time",
          "max_ejection_percent",
          "enforcing_consecutive_5xx",
          "consecutive_gateway_failure",
          "enforcing_consecutive_gateway_failure",
          "split_external_local_origin_errors",
          "consecutive_local_origin_failure",
          "enforcing_consecutive_local_origin_failure",
          "max_ejection_time",
          "always_eject_one_host",
          "enforcing_success_rate",
          "enforcing_local_origin_success_rate",
          "enforcing_failure_percentage",
          "enforcing_failure_percentage_local_origin",
          "success_rate_minimum_hosts",
          "success_rate_request_volume",
          "success_rate_stdev_factor",
          "failure_percentage_threshold",
          "failure_percentage_minimum_hosts",
          "failure_percentage_request_volume",
          "max_ejection_time_jitter",
          "successful_active_health_check_uneject_host");
  private static final SupportedFields CONNECTION_OPTIONS =
      SupportedFields.of(UpstreamConnectionOptions.class, "tcp_keepalive")
          .withoutEffect(
              "connections are made to one address",
              "set_local_interface_name_on_upstream_connections",
              "happy_eyeballs_config");
  private static final SupportedFields FILTER =
      SupportedFields.of(
          io.envoyproxy.envoy.config.cluster.v3.Filter.class, "name", "typed_config");
  private static final SupportedFields SOCKET_MATCH =
      SupportedFields.of(Cluster.TransportSocketMatch.class, "name", "match", "transport_socket");
  private static final SupportedFields BIND =
      SupportedFields.of(BindConfig.class, "source_address");
  private static final SupportedFields ORIGINAL_DST =
      SupportedFields.of(Cluster.OriginalDstLbConfig.class, "upstream_port_override");

  private final TransportSocketParser transportSockets;
  private final Peers peers;

  public ClusterParser(TransportSocketParser transportSockets) {
    this(transportSockets, Peers.of(Node.getDefaultInstance(), new Stats()));
  }

  /**
   * @param peers what peers and this proxy tell each other
   */
  public ClusterParser(TransportSocketParser transportSockets, Peers peers) {
    this.transportSockets = transportSockets;
    this.peers = peers;
  }

  /** The parsed cluster, or every problem found. */
  public Validation<ClusterConfig> parse(Cluster proto, Origin origin) {
    return parse(proto, ParseScope.root(origin));
  }

  /**
   * As {@link #parse(Cluster, Origin)} with paths that begin at the scope, whose collector must be
   * empty.
   */
  public Validation<ClusterConfig> parse(Cluster proto, ParseScope scope) {
    CLUSTER.check(proto, scope);
    if (proto.getName().isEmpty()) {
      scope.field("name").error("", "a name");
    }
    Discovery discovery = discovery(proto, scope);
    EndpointAssignment endpoints = endpoints(proto, discovery, scope);
    Balancing balancing = LoadBalancingParser.parse(proto, discovery, scope);
    ClusterSettings.Connection connection = connection(proto, scope);
    Http http = http(proto, scope);
    Breakers breakers = breakers(proto, scope);
    Optional<OutlierSettings> outlier =
        proto.hasOutlierDetection()
            ? Optional.of(outlier(proto.getOutlierDetection(), scope.field("outlier_detection")))
            : Optional.empty();
    Optional<HealthCheck> healthCheck =
        HealthCheckParser.parseAll(proto.getHealthChecksList(), scope);
    UpstreamTransports transports = transports(proto, scope);
    filters(proto, transports, scope);
    long cleanup =
        nanos(
            proto.hasCleanupInterval(),
            proto.getCleanupInterval(),
            5_000_000_000L,
            scope.field("cleanup_interval"));
    return scope
        .out()
        .finish(
            () ->
                new ClusterConfig(
                    new ClusterSettings(
                        proto.getName(),
                        (proto.getAltStatName().isEmpty()
                                ? proto.getName()
                                : proto.getAltStatName())
                            .replace(':', '_'),
                        discovery,
                        balancing,
                        connection,
                        http,
                        breakers,
                        traits(proto)),
                    transports,
                    outlier,
                    healthCheck,
                    endpoints,
                    cleanup));
  }

  private static Discovery discovery(Cluster proto, ParseScope scope) {
    if (proto.hasClusterType()) {
      return DnsClusterParser.parse(proto.getClusterType(), scope.field("cluster_type"));
    }
    DiscoveryType type = proto.getType();
    return switch (type) {
      case STATIC -> new Discovery.Static();
      case STRICT_DNS -> new Discovery.StrictDns(dns(proto, scope));
      case LOGICAL_DNS -> new Discovery.LogicalDns(dns(proto, scope));
      case EDS -> eds(proto, scope.field("eds_cluster_config"));
      case ORIGINAL_DST -> originalDst(proto, scope.field("original_dst_lb_config"));
      case UNRECOGNIZED -> {
        scope.field("type").error("" + proto.getTypeValue(), "a known discovery type");
        yield new Discovery.Static();
      }
    };
  }

  private static Discovery eds(Cluster proto, ParseScope scope) {
    Cluster.EdsClusterConfig eds = proto.getEdsClusterConfig();
    EDS.check(eds, scope);
    ConfigSource source = eds.getEdsConfig();
    boolean aggregated =
        source.getConfigSourceSpecifierCase() == ConfigSource.ConfigSourceSpecifierCase.ADS
            || source.getConfigSourceSpecifierCase() == ConfigSource.ConfigSourceSpecifierCase.SELF;
    if (!aggregated) {
      scope
          .field("eds_config")
          .error(
              source.getConfigSourceSpecifierCase().name().toLowerCase(java.util.Locale.ROOT),
              "ads");
    }
    return new Discovery.Eds(
        eds.getServiceName().isEmpty() ? proto.getName() : eds.getServiceName());
  }

  private static Discovery originalDst(Cluster proto, ParseScope scope) {
    ORIGINAL_DST.check(proto.getOriginalDstLbConfig(), scope);
    int port = proto.getOriginalDstLbConfig().getUpstreamPortOverride().getValue();
    if (port < 0 || port > 65535) {
      scope.field("upstream_port_override").error("" + port, "0 to 65535");
      port = 0;
    }
    return new Discovery.OriginalDst(port);
  }

  @SuppressWarnings("deprecation") // the fields' replacement, a cluster extension, is rarer
  private static Dns dns(Cluster proto, ParseScope scope) {
    long refresh =
        nanos(
            proto.hasDnsRefreshRate(),
            proto.getDnsRefreshRate(),
            5_000_000_000L,
            scope.field("dns_refresh_rate"));
    if (refresh < 1_000_000) {
      scope.field("dns_refresh_rate").error(refresh + "ns", "1ms or more");
    }
    ParseScope failure = scope.field("dns_failure_refresh_rate");
    long failureRefresh =
        nanos(
            proto.hasDnsFailureRefreshRate(),
            proto.getDnsFailureRefreshRate().getBaseInterval(),
            refresh,
            failure.field("base_interval"));
    if (failureRefresh < 1_000_000) {
      failure.field("base_interval").error(failureRefresh + "ns", "1ms or more");
    }
    DnsFamily family =
        switch (proto.getDnsLookupFamily()) {
          case AUTO -> DnsFamily.AUTO;
          case V4_ONLY -> DnsFamily.V4_ONLY;
          case V6_ONLY -> DnsFamily.V6_ONLY;
          case V4_PREFERRED -> DnsFamily.V4_PREFERRED;
          case ALL -> DnsFamily.ALL;
          case UNRECOGNIZED -> {
            scope
                .field("dns_lookup_family")
                .error("" + proto.getDnsLookupFamilyValue(), "a known family");
            yield DnsFamily.AUTO;
          }
        };
    return new Dns(refresh, failureRefresh, false, family);
  }

  private static EndpointAssignment endpoints(
      Cluster proto, Discovery discovery, ParseScope scope) {
    ParseScope field = scope.field("load_assignment");
    return switch (discovery) {
      case Discovery.Static _ -> EndpointParser.parse(proto.getLoadAssignment(), false, field);
      case Discovery.StrictDns _ -> EndpointParser.parse(proto.getLoadAssignment(), true, field);
      case Discovery.LogicalDns _ -> {
        EndpointAssignment parsed = EndpointParser.parse(proto.getLoadAssignment(), true, field);
        int count =
            parsed.localities().stream().mapToInt(locality -> locality.endpoints().size()).sum();
        if (count != 1) {
          field.error(count + " endpoints", "exactly one endpoint for LOGICAL_DNS");
        }
        yield parsed;
      }
      case Discovery.Eds _, Discovery.OriginalDst _, Discovery.Dynamic _ -> {
        if (proto.hasLoadAssignment()) {
          field.error("set", "nothing: " + proto.getType() + " clusters have no endpoints written");
        }
        yield EndpointAssignment.empty(proto.getName());
      }
    };
  }

  private static ClusterSettings.Connection connection(Cluster proto, ParseScope scope) {
    ClusterSettings.Connection defaults = ClusterSettings.Connection.DEFAULT;
    long timeout =
        nanos(
            proto.hasConnectTimeout(),
            proto.getConnectTimeout(),
            defaults.connectTimeoutNanos(),
            scope.field("connect_timeout"));
    if (timeout <= 0) {
      scope.field("connect_timeout").error(timeout + "ns", "more than 0");
    }
    long limit =
        proto.hasPerConnectionBufferLimitBytes()
            ? Integer.toUnsignedLong(proto.getPerConnectionBufferLimitBytes().getValue())
            : defaults.bufferLimitBytes();
    ParseScope options = scope.field("upstream_connection_options");
    CONNECTION_OPTIONS.check(proto.getUpstreamConnectionOptions(), options);
    Optional<Keepalive> keepalive = Optional.empty();
    if (proto.getUpstreamConnectionOptions().hasTcpKeepalive()) {
      TcpKeepalive tcp = proto.getUpstreamConnectionOptions().getTcpKeepalive();
      keepalive =
          Optional.of(
              new Keepalive(
                  positive(tcp.getKeepaliveProbes()),
                  positive(tcp.getKeepaliveTime()),
                  positive(tcp.getKeepaliveInterval())));
    }
    Optional<InetSocketAddress> source = Optional.empty();
    if (proto.hasUpstreamBindConfig()) {
      ParseScope bind = scope.field("upstream_bind_config");
      BIND.check(proto.getUpstreamBindConfig(), bind);
      source = source(proto.getUpstreamBindConfig(), bind.field("source_address"));
    }
    return new ClusterSettings.Connection(
        timeout, Math.clamp(limit, 1024, 1 << 28), keepalive, source);
  }

  private static int positive(UInt32Value value) {
    return Math.max(0, value.getValue());
  }

  private static Optional<InetSocketAddress> source(BindConfig bind, ParseScope scope) {
    byte[] bytes = NetUtil.createByteArrayFromIpAddressString(bind.getSourceAddress().getAddress());
    int port = bind.getSourceAddress().getPortValue();
    if (bytes == null || port < 0 || port > 65535) {
      scope.error(bind.getSourceAddress().getAddress() + ":" + port, "an IP address and a port");
      return Optional.empty();
    }
    try {
      return Optional.of(new InetSocketAddress(InetAddress.getByAddress(bytes), port));
    } catch (UnknownHostException e) {
      scope.error(bind.getSourceAddress().getAddress(), "an IP address");
      return Optional.empty();
    }
  }

  /**
   * Which version a cluster speaks, and where its options are written.
   *
   * @param http2 the message, or an empty one
   */
  private record Version(Protocol protocol, Http2ProtocolOptions http2, ParseScope http2Scope) {}

  private static HostNames hostNames(UpstreamHttpProtocolOptions proto, ParseScope scope) {
    HOST_NAMES.check(proto, scope);
    String header = proto.getOverrideAutoSniHeader();
    return new HostNames(
        proto.getAutoSni(),
        proto.getAutoSanValidation(),
        header.isEmpty() ? Optional.empty() : Optional.of(HeaderName.of(header)));
  }

  @SuppressWarnings("deprecation") // old bootstraps still use the cluster's own HTTP fields
  private static Http http(Cluster proto, ParseScope scope) {
    io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions common =
        proto.getCommonHttpProtocolOptions();
    ParseScope commonScope = scope.field("common_http_protocol_options");
    if (proto.hasHttpProtocolOptions()) {
      HTTP1.check(proto.getHttpProtocolOptions(), scope.field("http_protocol_options"));
    }
    Version version =
        new Version(
            proto.hasHttp2ProtocolOptions() ? Protocol.HTTP2 : Protocol.HTTP1,
            proto.getHttp2ProtocolOptions(),
            scope.field("http2_protocol_options"));
    List<HashPolicy> hashPolicies = List.of();
    HostNames names = HostNames.NONE;
    if (proto.hasUpstreamHttpProtocolOptions()) {
      names =
          hostNames(
              proto.getUpstreamHttpProtocolOptions(),
              scope.field("upstream_http_protocol_options"));
    }
    for (Map.Entry<String, Any> entry : proto.getTypedExtensionProtocolOptionsMap().entrySet()) {
      ParseScope entryScope = scope.field("typed_extension_protocol_options", entry.getKey());
      if (!MessageTypes.holds(entry.getValue(), HttpProtocolOptions.class)
          || !entry.getKey().equals(HTTP_OPTIONS)) {
        entryScope.unsupported(entry.getKey() + " " + entry.getValue().getTypeUrl());
        continue;
      }
      Optional<HttpProtocolOptions> options =
          entryScope.unpack(entry.getValue(), HttpProtocolOptions.class);
      if (options.isEmpty()) {
        continue;
      }
      HTTP.check(options.get(), entryScope);
      if (options.get().hasCommonHttpProtocolOptions()) {
        common = options.get().getCommonHttpProtocolOptions();
        commonScope = entryScope.field("common_http_protocol_options");
      }
      if (options.get().hasUpstreamHttpProtocolOptions()) {
        names =
            hostNames(
                options.get().getUpstreamHttpProtocolOptions(),
                entryScope.field("upstream_http_protocol_options"));
      }
      version = version(options.get(), proto, entryScope);
      hashPolicies =
          HashPolicyParser.parseAll(
              NewerFields.messages(
                  options.get().getUnknownFields(),
                  NewerFields.HASH_POLICY,
                  RouteAction.HashPolicy.parser(),
                  entryScope.field("hash_policy")),
              entryScope);
    }
    COMMON_HTTP.check(common, commonScope);
    Http defaults = Http.DEFAULT;
    long requests =
        common.hasMaxRequestsPerConnection()
            ? common.getMaxRequestsPerConnection().getValue()
            : proto.getMaxRequestsPerConnection().getValue();
    return new Http(
        version.protocol,
        nanos(
            common.hasIdleTimeout(),
            common.getIdleTimeout(),
            defaults.idleTimeoutNanos(),
            commonScope.field("idle_timeout")),
        Math.clamp(requests, 0, Integer.MAX_VALUE),
        nanos(
            common.hasMaxConnectionDuration(),
            common.getMaxConnectionDuration(),
            0,
            commonScope.field("max_connection_duration")),
        nanos(
            common.hasMaxStreamDuration(),
            common.getMaxStreamDuration(),
            0,
            commonScope.field("max_stream_duration")),
        responseHead(common, commonScope),
        version.protocol == Protocol.HTTP1
            ? defaults.http2()
            : Http2SettingsParser.parse(version.http2, version.http2Scope),
        names,
        hashPolicies);
  }

  private static Version version(HttpProtocolOptions options, Cluster proto, ParseScope scope) {
    return switch (options.getUpstreamProtocolOptionsCase()) {
      case EXPLICIT_HTTP_CONFIG -> {
        ParseScope at = scope.field("explicit_http_config");
        HttpProtocolOptions.ExplicitHttpConfig config = options.getExplicitHttpConfig();
        EXPLICIT.check(config, at);
        HTTP1.check(config.getHttpProtocolOptions(), at.field("http_protocol_options"));
        yield new Version(
            config.hasHttp2ProtocolOptions() ? Protocol.HTTP2 : Protocol.HTTP1,
            config.getHttp2ProtocolOptions(),
            at.field("http2_protocol_options"));
      }
      case AUTO_CONFIG -> {
        ParseScope at = scope.field("auto_config");
        HttpProtocolOptions.AutoHttpConfig config = options.getAutoConfig();
        AUTO.check(config, at);
        HTTP1.check(config.getHttpProtocolOptions(), at.field("http_protocol_options"));
        if (!proto.hasTransportSocket() && proto.getTransportSocketMatchesCount() == 0) {
          at.error("set", "nothing: without TLS there is no ALPN that could tell the version");
        }
        yield new Version(
            Protocol.AUTO, config.getHttp2ProtocolOptions(), at.field("http2_protocol_options"));
      }
      case USE_DOWNSTREAM_PROTOCOL_CONFIG -> {
        ParseScope at = scope.field("use_downstream_protocol_config");
        HttpProtocolOptions.UseDownstreamHttpConfig config =
            options.getUseDownstreamProtocolConfig();
        SAME_AS_DOWNSTREAM.check(config, at);
        HTTP1.check(config.getHttpProtocolOptions(), at.field("http_protocol_options"));
        yield new Version(
            Protocol.DOWNSTREAM,
            config.getHttp2ProtocolOptions(),
            at.field("http2_protocol_options"));
      }
      case UPSTREAMPROTOCOLOPTIONS_NOT_SET -> {
        scope.error(
            "no version", "explicit_http_config, auto_config or use_downstream_protocol_config");
        yield new Version(Protocol.HTTP1, Http2ProtocolOptions.getDefaultInstance(), scope);
      }
    };
  }

  private static HeadLimits responseHead(
      io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions common, ParseScope scope) {
    HeadLimits defaults = HeadLimits.DEFAULT;
    int kilobytes = common.getMaxResponseHeadersKb().getValue();
    if (common.hasMaxResponseHeadersKb() && (kilobytes < 1 || kilobytes > 8192)) {
      scope
          .field("max_response_headers_kb")
          .error(Integer.toUnsignedString(kilobytes), "1 to 8192");
      kilobytes = 1;
    }
    return new HeadLimits(
        common.hasMaxResponseHeadersKb() ? kilobytes * 1024 : defaults.bytesMax(),
        common.hasMaxHeadersCount()
            ? Math.max(1, common.getMaxHeadersCount().getValue())
            : defaults.headersMax());
  }

  private static Breakers breakers(Cluster proto, ParseScope scope) {
    ParseScope breakers = scope.field("circuit_breakers");
    BREAKERS.check(proto.getCircuitBreakers(), breakers);
    CircuitBreakers.Thresholds normal = CircuitBreakers.Thresholds.DEFAULT;
    CircuitBreakers.Thresholds high = CircuitBreakers.Thresholds.DEFAULT;
    for (int i = 0; i < proto.getCircuitBreakers().getThresholdsCount(); i++) {
      Thresholds thresholds = proto.getCircuitBreakers().getThresholds(i);
      ParseScope field = breakers.field("thresholds", i);
      THRESHOLDS.check(thresholds, field);
      CircuitBreakers.Thresholds parsed = thresholds(thresholds, field);
      switch (thresholds.getPriority()) {
        case DEFAULT -> normal = parsed;
        case HIGH -> high = parsed;
        case UNRECOGNIZED ->
            field.field("priority").error("" + thresholds.getPriorityValue(), "DEFAULT or HIGH");
      }
    }
    long perHost = Breakers.DEFAULT.connectionsPerHostMax();
    for (int i = 0; i < proto.getCircuitBreakers().getPerHostThresholdsCount(); i++) {
      Thresholds thresholds = proto.getCircuitBreakers().getPerHostThresholds(i);
      PER_HOST.check(thresholds, breakers.field("per_host_thresholds", i));
      perHost = limit(thresholds.hasMaxConnections(), thresholds.getMaxConnections(), perHost);
    }
    return new Breakers(normal, high, perHost);
  }

  private static CircuitBreakers.Thresholds thresholds(Thresholds proto, ParseScope scope) {
    CircuitBreakers.Thresholds defaults = CircuitBreakers.Thresholds.DEFAULT;
    CircuitBreakers.RetryBudget budget = CircuitBreakers.RetryBudget.NONE;
    if (proto.hasRetryBudget()) {
      double percent =
          proto.getRetryBudget().hasBudgetPercent()
              ? proto.getRetryBudget().getBudgetPercent().getValue()
              : budget.percent();
      if (!(percent >= 0 && percent <= 100)) {
        scope.field("retry_budget").field("budget_percent").error("" + percent, "0 to 100");
      }
      budget =
          new CircuitBreakers.RetryBudget(
              true,
              percent,
              limit(
                  proto.getRetryBudget().hasMinRetryConcurrency(),
                  proto.getRetryBudget().getMinRetryConcurrency(),
                  budget.retriesMin()));
    }
    return new CircuitBreakers.Thresholds(
        limit(proto.hasMaxConnections(), proto.getMaxConnections(), defaults.connectionsMax()),
        limit(
            proto.hasMaxPendingRequests(),
            proto.getMaxPendingRequests(),
            defaults.pendingRequestsMax()),
        limit(proto.hasMaxRequests(), proto.getMaxRequests(), defaults.requestsMax()),
        limit(proto.hasMaxRetries(), proto.getMaxRetries(), defaults.retriesMax()),
        budget,
        proto.getTrackRemaining());
  }

  private static long limit(boolean present, UInt32Value value, long missing) {
    return present ? Integer.toUnsignedLong(value.getValue()) : missing;
  }

  private static OutlierSettings outlier(OutlierDetection proto, ParseScope scope) {
    OUTLIER.check(proto, scope);
    long interval =
        nanos(proto.hasInterval(), proto.getInterval(), 10_000_000_000L, scope.field("interval"));
    long base =
        nanos(
            proto.hasBaseEjectionTime(),
            proto.getBaseEjectionTime(),
            30_000_000_000L,
            scope.field("base_ejection_time"));
    long max =
        nanos(
            proto.hasMaxEjectionTime(),
            proto.getMaxEjectionTime(),
            300_000_000_000L,
            scope.field("max_ejection_time"));
    Numbers numbers = new Numbers(scope);
    return new OutlierSettings(
        new OutlierSettings.Consecutive(
            new OutlierSettings.InARow(
                numbers.count(proto.hasConsecutive5Xx(), proto.getConsecutive5Xx(), 5),
                numbers.percent(
                    "enforcing_consecutive_5xx",
                    proto.hasEnforcingConsecutive5Xx(),
                    proto.getEnforcingConsecutive5Xx(),
                    100)),
            new OutlierSettings.InARow(
                numbers.count(
                    proto.hasConsecutiveGatewayFailure(), proto.getConsecutiveGatewayFailure(), 5),
                numbers.percent(
                    "enforcing_consecutive_gateway_failure",
                    proto.hasEnforcingConsecutiveGatewayFailure(),
                    proto.getEnforcingConsecutiveGatewayFailure(),
                    0)),
            new OutlierSettings.InARow(
                numbers.count(
                    proto.hasConsecutiveLocalOriginFailure(),
                    proto.getConsecutiveLocalOriginFailure(),
                    5),
                numbers.percent(
                    "enforcing_consecutive_local_origin_failure",
                    proto.hasEnforcingConsecutiveLocalOriginFailure(),
                    proto.getEnforcingConsecutiveLocalOriginFailure(),
                    100))),
        new OutlierSettings.SuccessRate(
            numbers.count(
                proto.hasSuccessRateMinimumHosts(), proto.getSuccessRateMinimumHosts(), 5),
            numbers.count(
                proto.hasSuccessRateRequestVolume(), proto.getSuccessRateRequestVolume(), 100),
            numbers.count(
                proto.hasSuccessRateStdevFactor(), proto.getSuccessRateStdevFactor(), 1900),
            numbers.percent(
                "enforcing_success_rate",
                proto.hasEnforcingSuccessRate(),
                proto.getEnforcingSuccessRate(),
                100),
            numbers.percent(
                "enforcing_local_origin_success_rate",
                proto.hasEnforcingLocalOriginSuccessRate(),
                proto.getEnforcingLocalOriginSuccessRate(),
                100)),
        new OutlierSettings.FailurePercentage(
            numbers.percent(
                "failure_percentage_threshold",
                proto.hasFailurePercentageThreshold(),
                proto.getFailurePercentageThreshold(),
                85),
            numbers.count(
                proto.hasFailurePercentageMinimumHosts(),
                proto.getFailurePercentageMinimumHosts(),
                5),
            numbers.count(
                proto.hasFailurePercentageRequestVolume(),
                proto.getFailurePercentageRequestVolume(),
                50),
            numbers.percent(
                "enforcing_failure_percentage",
                proto.hasEnforcingFailurePercentage(),
                proto.getEnforcingFailurePercentage(),
                0),
            numbers.percent(
                "enforcing_failure_percentage_local_origin",
                proto.hasEnforcingFailurePercentageLocalOrigin(),
                proto.getEnforcingFailurePercentageLocalOrigin(),
                0)),
        proto.getSplitExternalLocalOriginErrors(),
        new OutlierSettings.Timing(
            Math.max(1_000_000, interval),
            base,
            Math.max(base, max),
            scope
                .field("max_ejection_time_jitter")
                .durationNanos(proto.getMaxEjectionTimeJitter())),
        numbers.percent(
            "max_ejection_percent",
            proto.hasMaxEjectionPercent(),
            proto.getMaxEjectionPercent(),
            10),
        proto.getAlwaysEjectOneHost().getValue(),
        !proto.hasSuccessfulActiveHealthCheckUnejectHost()
            || proto.getSuccessfulActiveHealthCheckUnejectHost().getValue());
  }

  /** Numbers with defaults. */
  private record Numbers(ParseScope scope) {
    int count(boolean present, UInt32Value value, int missing) {
      return present
          ? (int) Math.min(Integer.toUnsignedLong(value.getValue()), Integer.MAX_VALUE)
          : missing;
    }

    int percent(String field, boolean present, UInt32Value value, int missing) {
      int percent = present ? value.getValue() : missing;
      if (percent < 0 || percent > 100) {
        scope.field(field).error(Integer.toUnsignedString(percent), "0 to 100");
        return missing;
      }
      return percent;
    }
  }

  private UpstreamTransports transports(Cluster proto, ParseScope scope) {
    List<UpstreamTransports.Match> matches = new ArrayList<>();
    for (int i = 0; i < proto.getTransportSocketMatchesCount(); i++) {
      Cluster.TransportSocketMatch match = proto.getTransportSocketMatches(i);
      ParseScope at = scope.field("transport_socket_matches", i);
      SOCKET_MATCH.check(match, at);
      if (match.getName().isEmpty()) {
        at.field("name").error("\"\"", "a name");
      }
      matches.add(
          new UpstreamTransports.Match(
              match.getName(),
              Metadata.fields(match.getMatch()),
              transportSockets.upstream(match.getTransportSocket(), at.field("transport_socket"))));
    }
    return new UpstreamTransports(
        matches,
        proto.hasTransportSocket()
            ? transportSockets.upstream(proto.getTransportSocket(), scope.field("transport_socket"))
            : Optional.empty());
  }

  private static ClusterSettings.Traits traits(Cluster proto) {
    Map<String, Value> istio =
        proto
            .getMetadata()
            .getFilterMetadataOrDefault("istio", Struct.getDefaultInstance())
            .getFieldsMap();
    Value override = istio.getOrDefault("alpn_override", Value.getDefaultInstance());
    return new ClusterSettings.Traits(
        !override.getStringValue().equals("false"),
        istio.getOrDefault("external", Value.getDefaultInstance()).getBoolValue());
  }

  private void filters(Cluster proto, UpstreamTransports transports, ParseScope scope) {
    for (int i = 0; i < proto.getFiltersCount(); i++) {
      ParseScope at = scope.field("filters", i);
      FILTER.check(proto.getFilters(i), at);
      Any config = proto.getFilters(i).getTypedConfig();
      if (TypedStructs.typeUrl(config).equals(PeerExchangeConfig.TYPE_URL)) {
        PeerExchangeConfig.parse(config, at.field("typed_config"))
            .ifPresent(
                parsed ->
                    transports.exchangeMetadata(parsed.protocol(), peers.own(), peers.stats()));
      } else {
        at.unsupported(proto.getFilters(i).getName() + " (" + TypedStructs.typeUrl(config) + ")");
      }
    }
  }

  private static long nanos(boolean present, Duration value, long missing, ParseScope scope) {
    return present ? scope.durationNanos(value) : missing;
  }
}
