package io.meltemi.proxy.network.filter.tcpproxy;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy;
import io.envoyproxy.envoy.type.v3.HashPolicy;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.network.NetworkFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.accesslog.AccessLogParser;
import io.meltemi.proxy.upstream.Connector;
import io.meltemi.proxy.upstream.UpstreamPools;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Parses TCP proxies. */
public final class TcpProxyFactory implements NetworkFilterFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          TcpProxy.class,
          "stat_prefix",
          "cluster",
          "weighted_clusters",
          "idle_timeout",
          "access_log",
          "max_connect_attempts",
          "tunneling_config",
          "max_downstream_connection_duration",
          "hash_policy");
  private static final SupportedFields HASH_POLICY =
      SupportedFields.of(HashPolicy.class, "source_ip");
  private static final SupportedFields WEIGHTED =
      SupportedFields.of(TcpProxy.WeightedCluster.class, "clusters");
  private static final SupportedFields WEIGHT =
      SupportedFields.of(TcpProxy.WeightedCluster.ClusterWeight.class, "name", "weight");
  private static final SupportedFields TUNNEL =
      SupportedFields.of(
          TcpProxy.TunnelingConfig.class, "hostname", "use_post", "post_path", "headers_to_add");
  private static final SupportedFields HEADER_OPTION =
      SupportedFields.of(
          HeaderValueOption.class, "header", "append", "append_action", "keep_empty_value");
  private static final SupportedFields HEADER =
      SupportedFields.of(HeaderValue.class, "key", "value");
  private static final long IDLE_NANOS_DEFAULT = 3_600_000_000_000L;
  private static final int ATTEMPTS_MAX = 1000;

  private final ClusterManager clusters;
  private final Connector connector;
  private final UpstreamPools pools;
  private final AccessLogParser accessLogs;
  private final Stats stats;
  private final Ticker ticker;

  public TcpProxyFactory(
      ClusterManager clusters,
      Connector connector,
      UpstreamPools pools,
      AccessLogParser accessLogs,
      Stats stats,
      Ticker ticker) {
    this.clusters = clusters;
    this.connector = connector;
    this.pools = pools;
    this.accessLogs = accessLogs;
    this.stats = stats;
    this.ticker = ticker;
  }

  @Override
  public String name() {
    return "envoy.filters.network.tcp_proxy";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy");
  }

  @Override
  public boolean isTerminal() {
    return true;
  }

  @Override
  public Optional<NetworkFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, TcpProxy.class, FIELDS)
        .flatMap(
            proto ->
                settings(proto, scope)
                    .map(
                        settings ->
                            new TcpProxyConfig(
                                settings,
                                tunnel(proto, scope.field("tunneling_config")),
                                clusters,
                                connector,
                                pools,
                                new TcpProxyStats(
                                    stats.scope("tcp." + settings.statPrefix() + ".")))));
  }

  private Optional<TunnelSettings> tunnel(TcpProxy proto, ParseScope scope) {
    if (!proto.hasTunnelingConfig()) {
      return Optional.empty();
    }
    TcpProxy.TunnelingConfig tunnel = proto.getTunnelingConfig();
    TUNNEL.check(tunnel, scope);
    if (tunnel.getHostname().isEmpty()) {
      scope.field("hostname").error("\"\"", "at least one character");
    }
    if (!tunnel.getPostPath().isEmpty() && !tunnel.getUsePost()) {
      scope.field("post_path").error(tunnel.getPostPath(), "only with use_post");
    }
    if (!tunnel.getPostPath().isEmpty() && !tunnel.getPostPath().startsWith("/")) {
      scope.field("post_path").error(tunnel.getPostPath(), "a path that begins with a slash");
    }
    Optional<Formatter> hostname = format(tunnel.getHostname(), scope.field("hostname"));
    List<TunnelSettings.Header> headers = new ArrayList<>();
    for (int i = 0; i < tunnel.getHeadersToAddCount(); i++) {
      header(tunnel.getHeadersToAdd(i), scope.field("headers_to_add", i)).ifPresent(headers::add);
    }
    Optional<String> postPath =
        tunnel.getUsePost()
            ? Optional.of(tunnel.getPostPath().isEmpty() ? "/" : tunnel.getPostPath())
            : Optional.empty();
    return hostname.map(known -> new TunnelSettings(known, postPath, headers));
  }

  private Optional<Formatter> format(String text, ParseScope scope) {
    Validation<Formatter> parsed = Formatter.parse(text, "", ticker, scope.origin(), scope.path());
    return scope.out().absorb(parsed) ? Optional.of(parsed.orElseThrow()) : Optional.empty();
  }

  // append is what append_action was before
  @SuppressWarnings("deprecation")
  private Optional<TunnelSettings.Header> header(HeaderValueOption proto, ParseScope scope) {
    HEADER_OPTION.check(proto, scope);
    HEADER.check(proto.getHeader(), scope.field("header"));
    String key = proto.getHeader().getKey();
    if (!HeaderName.isValid(key) || key.startsWith(":") || key.equalsIgnoreCase("host")) {
      scope.field("header").field("key").error("\"" + key + "\"", "a header name");
      return Optional.empty();
    }
    boolean overwrites =
        switch (proto.getAppendAction()) {
          case APPEND_IF_EXISTS_OR_ADD -> proto.hasAppend() && !proto.getAppend().getValue();
          case OVERWRITE_IF_EXISTS_OR_ADD -> true;
          case ADD_IF_ABSENT, OVERWRITE_IF_EXISTS, UNRECOGNIZED -> {
            scope.field("append_action").unsupported(proto.getAppendAction().name());
            yield false;
          }
        };
    return format(proto.getHeader().getValue(), scope.field("header").field("value"))
        .map(value -> new TunnelSettings.Header(HeaderName.of(key), value, overwrites));
  }

  private Optional<TcpProxySettings> settings(TcpProxy proto, ParseScope scope) {
    if (proto.getStatPrefix().isEmpty()) {
      scope.field("stat_prefix").error("\"\"", "at least one character");
    }
    int attempts = proto.hasMaxConnectAttempts() ? proto.getMaxConnectAttempts().getValue() : 1;
    if (attempts < 1 || attempts > ATTEMPTS_MAX) {
      scope
          .field("max_connect_attempts")
          .error(Integer.toUnsignedString(attempts), "1 to " + ATTEMPTS_MAX);
      attempts = 1;
    }
    long idle =
        proto.hasIdleTimeout()
            ? scope.field("idle_timeout").durationNanos(proto.getIdleTimeout())
            : IDLE_NANOS_DEFAULT;
    long duration =
        scope
            .field("max_downstream_connection_duration")
            .durationNanos(proto.getMaxDownstreamConnectionDuration());
    if (proto.hasMaxDownstreamConnectionDuration() && duration < 1_000_000) {
      scope.field("max_downstream_connection_duration").error(duration + "ns", "1ms or more");
    }
    List<TcpProxySettings.Destination> destinations = destinations(proto, scope);
    var accessLog = accessLogs.parse(proto.getAccessLogList(), scope, "access_log");
    boolean hashesSource = hashesSource(proto, scope);
    if (destinations.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new TcpProxySettings(
            proto.getStatPrefix(),
            destinations,
            hashesSource,
            idle,
            duration,
            attempts,
            accessLog));
  }

  private static boolean hashesSource(TcpProxy proto, ParseScope scope) {
    if (proto.getHashPolicyCount() > 1) {
      scope.field("hash_policy").error(proto.getHashPolicyCount() + " policies", "at most one");
    }
    for (int i = 0; i < proto.getHashPolicyCount(); i++) {
      HASH_POLICY.check(proto.getHashPolicy(i), scope.field("hash_policy", i));
    }
    return proto.getHashPolicyCount() > 0 && proto.getHashPolicy(0).hasSourceIp();
  }

  private static List<TcpProxySettings.Destination> destinations(TcpProxy proto, ParseScope scope) {
    List<TcpProxySettings.Destination> destinations = new ArrayList<>();
    switch (proto.getClusterSpecifierCase()) {
      case CLUSTER -> {
        if (proto.getCluster().isEmpty()) {
          scope.field("cluster").error("\"\"", "the name of a cluster");
        } else {
          destinations.add(new TcpProxySettings.Destination(proto.getCluster(), 1));
        }
      }
      case WEIGHTED_CLUSTERS -> {
        ParseScope at = scope.field("weighted_clusters");
        WEIGHTED.check(proto.getWeightedClusters(), at);
        if (proto.getWeightedClusters().getClustersCount() == 0) {
          at.field("clusters").error("none", "at least one cluster");
        }
        for (int i = 0; i < proto.getWeightedClusters().getClustersCount(); i++) {
          var share = proto.getWeightedClusters().getClusters(i);
          WEIGHT.check(share, at.field("clusters", i));
          if (share.getName().isEmpty() || share.getWeight() == 0) {
            at.field("clusters", i)
                .error(
                    share.getName() + " " + share.getWeight(), "a name and a weight of 1 or more");
          } else {
            destinations.add(
                new TcpProxySettings.Destination(
                    share.getName(), Integer.toUnsignedLong(share.getWeight())));
          }
        }
      }
      case CLUSTERSPECIFIER_NOT_SET -> scope.error("no cluster", "cluster or weighted_clusters");
    }
    return destinations;
  }
}
