package io.meltemi.proxy.cluster;

import com.google.protobuf.Any;
import com.google.protobuf.DoubleValue;
import com.google.protobuf.Struct;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.DiscoveryType;
import io.envoyproxy.envoy.config.cluster.v3.UpstreamConnectionOptions;
import io.envoyproxy.envoy.config.core.v3.BindConfig;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.core.v3.TcpKeepalive;
import io.envoyproxy.envoy.type.metadata.v3.MetadataKey;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.cluster.ClusterSettings.Balancing;
import io.meltemi.proxy.cluster.ClusterSettings.Breakers;
import io.meltemi.proxy.cluster.ClusterSettings.Discovery;
import io.meltemi.proxy.cluster.ClusterSettings.Dns;
import io.meltemi.proxy.cluster.ClusterSettings.DnsFamily;
import io.meltemi.proxy.cluster.ClusterSettings.Http;
import io.meltemi.proxy.cluster.ClusterSettings.Keepalive;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.parse.TypedStructs;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.transport.PeerExchangeConfig;
import io.meltemi.proxy.transport.Peers;
import io.meltemi.proxy.transport.TransportSocketParser;
import io.meltemi.proxy.transport.UpstreamSocket;
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
              "preconnect_policy",
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
  private static final SupportedFields PRECONNECT =
      SupportedFields.of(
          Cluster.PreconnectPolicy.class,
          "per_upstream_preconnect_ratio",
          "predictive_preconnect_ratio");
  private static final SupportedFields BIND =
      SupportedFields.of(BindConfig.class, "source_address");
  private static final SupportedFields METADATA_KEY =
      SupportedFields.of(MetadataKey.class, "key", "path");
  private static final SupportedFields ORIGINAL_DST =
      SupportedFields.of(
          Cluster.OriginalDstLbConfig.class, "upstream_port_override", "metadata_key");

  private final TransportSocketParser transportSockets;
  private final Peers peers;
  private final EventSinks sinks;

  public ClusterParser(TransportSocketParser transportSockets) {
    this(
        transportSockets,
        Peers.of(Node.getDefaultInstance(), new Stats()),
        (path, scope) -> {
          scope.unsupported(path);
          return Optional.empty();
        });
  }

  /**
   * @param peers what peers and this proxy tell each other
   * @param sinks of events of health checks
   */
  public ClusterParser(TransportSocketParser transportSockets, Peers peers, EventSinks sinks) {
    this.sinks = sinks;
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
    Http http = HttpOptionsParser.parse(proto, scope);
    Breakers breakers =
        CircuitBreakersParser.parse(proto.getCircuitBreakers(), scope.field("circuit_breakers"));
    Optional<OutlierSettings> outlier =
        proto.hasOutlierDetection()
            ? Optional.of(
                OutlierDetectionParser.parse(
                    proto.getOutlierDetection(), scope.field("outlier_detection")))
            : Optional.empty();
    Optional<HealthCheck> healthCheck =
        HealthCheckParser.parseAll(proto.getHealthChecksList(), sinks, scope);
    UpstreamTransports transports = transports(proto, scope);
    filters(proto, transports, scope);
    long cleanup =
        scope
            .field("cleanup_interval")
            .durationNanos(proto.hasCleanupInterval(), proto.getCleanupInterval(), 5_000_000_000L);
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
    return new Discovery.OriginalDst(
        port, originalDstKey(proto.getOriginalDstLbConfig(), scope.field("metadata_key")));
  }

  /** Namespace and path of the connection's metadata that tell another destination. */
  private static List<String> originalDstKey(Cluster.OriginalDstLbConfig proto, ParseScope scope) {
    if (!proto.hasMetadataKey()) {
      return List.of();
    }
    METADATA_KEY.check(proto.getMetadataKey(), scope);
    List<String> key = new ArrayList<>(List.of(proto.getMetadataKey().getKey()));
    proto.getMetadataKey().getPathList().forEach(segment -> key.add(segment.getKey()));
    if (key.size() < 2) {
      scope.field("path").error("nothing", "at least one key");
      return List.of();
    }
    return List.copyOf(key);
  }

  @SuppressWarnings("deprecation") // the fields' replacement, a cluster extension, is rarer
  private static Dns dns(Cluster proto, ParseScope scope) {
    long refresh =
        scope
            .field("dns_refresh_rate")
            .durationNanos(proto.hasDnsRefreshRate(), proto.getDnsRefreshRate(), 5_000_000_000L);
    if (refresh < 1_000_000) {
      scope.field("dns_refresh_rate").error(refresh + "ns", "1ms or more");
    }
    ParseScope failure = scope.field("dns_failure_refresh_rate");
    long failureRefresh =
        failure
            .field("base_interval")
            .durationNanos(
                proto.hasDnsFailureRefreshRate(),
                proto.getDnsFailureRefreshRate().getBaseInterval(),
                refresh);
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
        scope
            .field("connect_timeout")
            .durationNanos(
                proto.hasConnectTimeout(),
                proto.getConnectTimeout(),
                defaults.connectTimeoutNanos());
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
        timeout,
        Math.clamp(limit, 1024, 1 << 28),
        keepalive,
        source,
        preconnect(proto.getPreconnectPolicy(), scope.field("preconnect_policy")));
  }

  private static ClusterSettings.Preconnect preconnect(
      Cluster.PreconnectPolicy proto, ParseScope scope) {
    PRECONNECT.check(proto, scope);
    return new ClusterSettings.Preconnect(
        ratio(
            proto.hasPerUpstreamPreconnectRatio(),
            proto.getPerUpstreamPreconnectRatio(),
            scope.field("per_upstream_preconnect_ratio")),
        ratio(
            proto.hasPredictivePreconnectRatio(),
            proto.getPredictivePreconnectRatio(),
            scope.field("predictive_preconnect_ratio")));
  }

  private static double ratio(boolean present, DoubleValue value, ParseScope scope) {
    double ratio = present ? value.getValue() : 1;
    if (!(ratio >= 1 && ratio <= 3)) {
      scope.error("" + ratio, "1 to 3");
      return 1;
    }
    return ratio;
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
            : UpstreamSocket.RAW);
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
}
