package io.meltemi.controlplane.translate.cluster;

import com.google.protobuf.Any;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.cluster.v3.OutlierDetection;
import io.envoyproxy.envoy.config.cluster.v3.UpstreamConnectionOptions;
import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.config.core.v3.TcpKeepalive;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.type.v3.Percent;
import io.meltemi.config.kind.destinationrule.LoadBalancer;
import io.meltemi.config.kind.destinationrule.TrafficPolicy;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.traffic.ClientTls;
import io.meltemi.config.traffic.ConnectionPool;
import io.meltemi.config.traffic.LocalityLb;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.TrafficPolicies;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalInt;

/** The parts of Istio's traffic policies that become settings of a cluster. */
final class ClusterSettings {
  /** The key of HTTP options among a cluster's protocol options. */
  static final String HTTP_PROTOCOL_OPTIONS =
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

  /** Istio's "no limit": the largest unsigned 32-bit number. */
  private static final UInt32Value UNLIMITED = UInt32Value.of(-1);

  private static final long RING_SIZE_MIN_DEFAULT = 1024;
  private static final int ENFORCE_ALWAYS = 100;

  private ClusterSettings() {}

  /** How a protocol is spoken to the upstream; HTTP/1.1 needs no word. */
  enum HttpVersion {
    HTTP1,
    HTTP2,
    /** As the downstream speaks it. */
    SAME_AS_DOWNSTREAM
  }

  static HttpVersion httpVersion(
      Protocol protocol, Optional<ConnectionPool> pool, MeshConfig mesh) {
    Optional<ConnectionPool.Http> http = pool.flatMap(ConnectionPool::http);
    if (protocol.isHttp2()) {
      return HttpVersion.HTTP2;
    }
    if (http.map(ConnectionPool.Http::useClientProtocol).orElse(false)
        || protocol == Protocol.UNSUPPORTED) {
      return HttpVersion.SAME_AS_DOWNSTREAM;
    }
    ConnectionPool.H2UpgradePolicy upgrade =
        http.map(ConnectionPool.Http::h2UpgradePolicy)
            .orElse(ConnectionPool.H2UpgradePolicy.DEFAULT);
    boolean wanted =
        switch (upgrade) {
          case UPGRADE -> true;
          case DO_NOT_UPGRADE -> false;
          case DEFAULT -> mesh.upstream().h2UpgradePolicy() == MeshConfig.H2Upgrade.UPGRADE;
        };
    return wanted && protocol.isHttp() ? HttpVersion.HTTP2 : HttpVersion.HTTP1;
  }

  /** How a protocol is spoken to the application: as declared, never upgraded. */
  static HttpVersion inboundHttpVersion(Protocol protocol) {
    if (protocol == Protocol.UNSUPPORTED) {
      return HttpVersion.SAME_AS_DOWNSTREAM;
    }
    return protocol.isHttp2() ? HttpVersion.HTTP2 : HttpVersion.HTTP1;
  }

  static HttpProtocolOptions.Builder sameAsDownstream() {
    return HttpProtocolOptions.newBuilder()
        .setUseDownstreamProtocolConfig(
            HttpProtocolOptions.UseDownstreamHttpConfig.newBuilder()
                .setHttpProtocolOptions(Http1ProtocolOptions.getDefaultInstance())
                .setHttp2ProtocolOptions(Http2ProtocolOptions.getDefaultInstance()));
  }

  /** Sets HTTP version and the limits of HTTP connections, where they differ from the default. */
  static void applyHttpOptions(
      Cluster.Builder cluster, HttpVersion version, Optional<ConnectionPool> pool) {
    Optional<io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions> common =
        commonHttpOptions(pool);
    if (version == HttpVersion.HTTP1 && common.isEmpty()) {
      return;
    }
    HttpProtocolOptions.Builder options =
        switch (version) {
          case SAME_AS_DOWNSTREAM -> sameAsDownstream();
          case HTTP1 ->
              HttpProtocolOptions.newBuilder()
                  .setExplicitHttpConfig(
                      HttpProtocolOptions.ExplicitHttpConfig.newBuilder()
                          .setHttpProtocolOptions(Http1ProtocolOptions.getDefaultInstance()));
          case HTTP2 ->
              HttpProtocolOptions.newBuilder()
                  .setExplicitHttpConfig(
                      HttpProtocolOptions.ExplicitHttpConfig.newBuilder()
                          .setHttp2ProtocolOptions(http2Options(pool)));
        };
    common.ifPresent(options::setCommonHttpProtocolOptions);
    cluster.putTypedExtensionProtocolOptions(HTTP_PROTOCOL_OPTIONS, Any.pack(options.build()));
  }

  private static Http2ProtocolOptions http2Options(Optional<ConnectionPool> pool) {
    Http2ProtocolOptions.Builder options = Http2ProtocolOptions.newBuilder();
    Optional<ConnectionPool.Http> http = pool.flatMap(ConnectionPool::http);
    http.map(ConnectionPool.Http::maxConcurrentStreams)
        .orElse(OptionalInt.empty())
        .ifPresent(streams -> options.setMaxConcurrentStreams(UInt32Value.of(streams)));
    http.flatMap(ConnectionPool.Http::http2KeepAlive)
        .ifPresent(
            keepAlive ->
                options.setConnectionKeepalive(
                    io.envoyproxy.envoy.config.core.v3.KeepaliveSettings.newBuilder()
                        .setInterval(ProtoValues.duration(keepAlive.interval()))
                        .setTimeout(ProtoValues.duration(keepAlive.timeout()))));
    return options.build();
  }

  private static Optional<io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions> commonHttpOptions(
      Optional<ConnectionPool> pool) {
    Optional<ConnectionPool.Tcp> tcp = pool.flatMap(ConnectionPool::tcp);
    Optional<ConnectionPool.Http> http = pool.flatMap(ConnectionPool::http);
    Optional<Duration> idleTimeout =
        http.flatMap(ConnectionPool.Http::idleTimeout)
            .or(() -> tcp.flatMap(ConnectionPool.Tcp::idleTimeout));
    Optional<Duration> maxDuration = tcp.flatMap(ConnectionPool.Tcp::maxConnectionDuration);
    int maxRequests =
        http.map(ConnectionPool.Http::maxRequestsPerConnection)
            .orElse(OptionalInt.empty())
            .orElse(0);
    if (idleTimeout.isEmpty() && maxDuration.isEmpty() && maxRequests == 0) {
      return Optional.empty();
    }
    var options = io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions.newBuilder();
    idleTimeout.ifPresent(timeout -> options.setIdleTimeout(ProtoValues.duration(timeout)));
    maxDuration.ifPresent(
        duration -> options.setMaxConnectionDuration(ProtoValues.duration(duration)));
    if (maxRequests > 0) {
      options.setMaxRequestsPerConnection(UInt32Value.of(maxRequests));
    }
    return Optional.of(options.build());
  }

  /** Timeouts and keep-alive of connections, and how many of everything there may be. */
  static void applyConnectionPool(
      Cluster.Builder cluster, TrafficPolicies.Effective policy, MeshConfig mesh) {
    applyConnectionPool(cluster, policy.connectionPool(), policy.retryBudget(), mesh);
  }

  /**
   * The same without a rule.
   *
   * @param budget of retries; without a connection pool it has no effect, as with Istio
   */
  static void applyConnectionPool(
      Cluster.Builder cluster,
      Optional<ConnectionPool> pool,
      Optional<TrafficPolicy.RetryBudget> budget,
      MeshConfig mesh) {
    Optional<ConnectionPool.Tcp> tcp = pool.flatMap(ConnectionPool::tcp);
    cluster.setConnectTimeout(
        ProtoValues.duration(
            tcp.flatMap(ConnectionPool.Tcp::connectTimeout)
                .orElse(mesh.upstream().connectTimeout())));
    tcp.flatMap(ConnectionPool.Tcp::tcpKeepalive)
        .or(mesh.upstream()::tcpKeepalive)
        .ifPresent(
            keepalive ->
                cluster.setUpstreamConnectionOptions(
                    UpstreamConnectionOptions.newBuilder().setTcpKeepalive(tcp(keepalive))));
    CircuitBreakers.Builder breakers = circuitBreakers(pool).toBuilder();
    if (pool.isPresent()) {
      budget.ifPresent(
          written -> breakers.getThresholdsBuilder(0).setRetryBudget(retryBudget(written)));
    }
    cluster.setCircuitBreakers(breakers);
  }

  private static CircuitBreakers.Thresholds.RetryBudget retryBudget(
      TrafficPolicy.RetryBudget written) {
    CircuitBreakers.Thresholds.RetryBudget.Builder budget =
        CircuitBreakers.Thresholds.RetryBudget.newBuilder();
    written
        .percent()
        .ifPresent(percent -> budget.setBudgetPercent(Percent.newBuilder().setValue(percent)));
    written
        .minRetryConcurrency()
        .ifPresent(
            least ->
                budget.setMinRetryConcurrency(
                    UInt32Value.of((int) Math.min(least, Integer.MAX_VALUE))));
    return budget.build();
  }

  private static TcpKeepalive tcp(io.meltemi.config.traffic.TcpKeepalive written) {
    TcpKeepalive.Builder keepalive = TcpKeepalive.newBuilder();
    written
        .probes()
        .ifPresent(probes -> keepalive.setKeepaliveProbes(UInt32Value.of((int) probes)));
    written.time().ifPresent(time -> keepalive.setKeepaliveTime(seconds(time)));
    written.interval().ifPresent(interval -> keepalive.setKeepaliveInterval(seconds(interval)));
    return keepalive.build();
  }

  private static UInt32Value seconds(Duration duration) {
    return UInt32Value.of((int) Math.min(duration.toSeconds(), Integer.MAX_VALUE));
  }

  static CircuitBreakers circuitBreakers(Optional<ConnectionPool> pool) {
    Optional<ConnectionPool.Tcp> tcp = pool.flatMap(ConnectionPool::tcp);
    Optional<ConnectionPool.Http> http = pool.flatMap(ConnectionPool::http);
    return CircuitBreakers.newBuilder()
        .addThresholds(
            CircuitBreakers.Thresholds.newBuilder()
                .setMaxConnections(limit(tcp.map(ConnectionPool.Tcp::maxConnections)))
                .setMaxPendingRequests(
                    limit(http.map(ConnectionPool.Http::http1MaxPendingRequests)))
                .setMaxRequests(limit(http.map(ConnectionPool.Http::http2MaxRequests)))
                .setMaxRetries(limit(http.map(ConnectionPool.Http::maxRetries))))
        .build();
  }

  private static UInt32Value limit(Optional<OptionalInt> written) {
    int value = written.orElse(OptionalInt.empty()).orElse(0);
    return value == 0 ? UNLIMITED : UInt32Value.of(value);
  }

  static OutlierDetection outlierDetection(io.meltemi.config.traffic.OutlierDetection written) {
    OutlierDetection.Builder detection =
        OutlierDetection.newBuilder().setEnforcingSuccessRate(UInt32Value.of(0));
    written
        .consecutive5xxErrors()
        .ifPresent(
            errors ->
                detection
                    .setConsecutive5Xx(UInt32Value.of((int) errors))
                    .setEnforcingConsecutive5Xx(enforce(errors)));
    written
        .consecutiveGatewayErrors()
        .ifPresent(
            errors ->
                detection
                    .setConsecutiveGatewayFailure(UInt32Value.of((int) errors))
                    .setEnforcingConsecutiveGatewayFailure(enforce(errors)));
    written.interval().ifPresent(value -> detection.setInterval(ProtoValues.duration(value)));
    written
        .baseEjectionTime()
        .ifPresent(value -> detection.setBaseEjectionTime(ProtoValues.duration(value)));
    written
        .maxEjectionPercent()
        .ifPresent(
            percent -> {
              if (percent > 0) {
                detection.setMaxEjectionPercent(UInt32Value.of(percent));
              }
            });
    if (written.localOrigin().splitExternalLocalOriginErrors()) {
      detection.setSplitExternalLocalOriginErrors(true);
      written
          .localOrigin()
          .consecutiveLocalOriginFailures()
          .ifPresent(
              failures ->
                  detection
                      .setConsecutiveLocalOriginFailure(UInt32Value.of((int) failures))
                      .setEnforcingConsecutiveLocalOriginFailure(enforce(failures)));
      detection.setEnforcingLocalOriginSuccessRate(UInt32Value.of(0));
    }
    return detection.build();
  }

  private static UInt32Value enforce(long errors) {
    return UInt32Value.of(errors > 0 ? ENFORCE_ALWAYS : 0);
  }

  /**
   * Sets the load balancing policy, and with it the type where the policy is to have none.
   *
   * @param cluster its type is already set; some types choose hosts themselves
   */
  static void applyLoadBalancer(
      Cluster.Builder cluster,
      Optional<LoadBalancer> loadBalancer,
      Optional<io.meltemi.config.traffic.OutlierDetection> outlierDetection,
      MeshConfig mesh) {
    Cluster.CommonLbConfig.Builder common =
        Cluster.CommonLbConfig.newBuilder()
            .setHealthyPanicThreshold(
                Percent.newBuilder()
                    .setValue(
                        outlierDetection
                            .map(io.meltemi.config.traffic.OutlierDetection::minHealthPercent)
                            .orElse(OptionalInt.empty())
                            .orElse(0)));
    Optional<LocalityLb> locality =
        loadBalancer.flatMap(LoadBalancer::localityLb).or(mesh.upstream()::localityLb);
    if (locality.isPresent() && locality.get().enabled().orElse(true)) {
      common.setLocalityWeightedLbConfig(
          Cluster.CommonLbConfig.LocalityWeightedLbConfig.getDefaultInstance());
    }
    cluster.setCommonLbConfig(common);
    if (cluster.getType() == Cluster.DiscoveryType.ORIGINAL_DST || cluster.hasClusterType()) {
      cluster.setLbPolicy(Cluster.LbPolicy.CLUSTER_PROVIDED);
      return;
    }
    switch (loadBalancer
        .map(LoadBalancer::algorithm)
        .orElse(new LoadBalancer.Simple(LoadBalancer.Policy.UNSPECIFIED))) {
      case LoadBalancer.Simple(LoadBalancer.Policy policy) ->
          applySimple(cluster, policy, loadBalancer.flatMap(LoadBalancer::warmup));
      case LoadBalancer.ConsistentHash(LoadBalancer.HashKey _, LoadBalancer.HashRing ring) ->
          applyRing(cluster, ring);
      case LoadBalancer.BackendUtilization _ -> cluster.setLbPolicy(Cluster.LbPolicy.LEAST_REQUEST);
    }
  }

  private static void applySimple(
      Cluster.Builder cluster, LoadBalancer.Policy policy, Optional<LoadBalancer.Warmup> warmup) {
    switch (policy) {
      case UNSPECIFIED, LEAST_REQUEST -> {
        cluster.setLbPolicy(Cluster.LbPolicy.LEAST_REQUEST);
        warmup.ifPresent(
            slow ->
                cluster.setLeastRequestLbConfig(
                    Cluster.LeastRequestLbConfig.newBuilder().setSlowStartConfig(slowStart(slow))));
      }
      case ROUND_ROBIN -> {
        cluster.setLbPolicy(Cluster.LbPolicy.ROUND_ROBIN);
        warmup.ifPresent(
            slow ->
                cluster.setRoundRobinLbConfig(
                    Cluster.RoundRobinLbConfig.newBuilder().setSlowStartConfig(slowStart(slow))));
      }
      case RANDOM -> cluster.setLbPolicy(Cluster.LbPolicy.RANDOM);
      case PASSTHROUGH -> {
        cluster.setType(Cluster.DiscoveryType.ORIGINAL_DST);
        cluster.clearEdsClusterConfig();
        cluster.clearLoadAssignment();
        cluster.setLbPolicy(Cluster.LbPolicy.CLUSTER_PROVIDED);
      }
    }
  }

  private static Cluster.SlowStartConfig slowStart(LoadBalancer.Warmup warmup) {
    return Cluster.SlowStartConfig.newBuilder()
        .setSlowStartWindow(ProtoValues.duration(warmup.duration()))
        .setAggression(
            io.envoyproxy.envoy.config.core.v3.RuntimeDouble.newBuilder()
                .setDefaultValue(warmup.aggression().orElse(1.0))
                .setRuntimeKey("unused"))
        .setMinWeightPercent(Percent.newBuilder().setValue(warmup.minimumPercent().orElse(10.0)))
        .build();
  }

  private static void applyRing(Cluster.Builder cluster, LoadBalancer.HashRing ring) {
    switch (ring) {
      case LoadBalancer.HashRing.Ring(java.util.OptionalLong size) -> {
        cluster.setLbPolicy(Cluster.LbPolicy.RING_HASH);
        cluster.setRingHashLbConfig(
            Cluster.RingHashLbConfig.newBuilder()
                .setMinimumRingSize(
                    com.google.protobuf.UInt64Value.of(
                        size.orElse(0) == 0 ? RING_SIZE_MIN_DEFAULT : size.getAsLong())));
      }
      case LoadBalancer.HashRing.Maglev(long size) -> {
        cluster.setLbPolicy(Cluster.LbPolicy.MAGLEV);
        cluster.setMaglevLbConfig(
            Cluster.MaglevLbConfig.newBuilder()
                .setTableSize(com.google.protobuf.UInt64Value.of(size)));
      }
    }
  }

  /**
   * Istio's metadata of a cluster: the services behind it.
   *
   * @param config path of the destination rule, empty without one
   * @param tls of the rule; with certificates of its own the protocols it offers stay as they are
   */
  static Metadata metadata(
      Collection<MeshService> services,
      String config,
      String subset,
      boolean external,
      Optional<ClientTls> tls) {
    ListValue.Builder list = ListValue.newBuilder();
    for (MeshService service : services) {
      list.addValues(
          Value.newBuilder()
              .setStructValue(
                  Struct.newBuilder()
                      .putFields("host", text(service.hostname()))
                      .putFields("name", text(service.attributes().name()))
                      .putFields("namespace", text(service.namespace()))));
    }
    Struct.Builder istio =
        Struct.newBuilder().putFields("services", Value.newBuilder().setListValue(list).build());
    if (!config.isEmpty()) {
      istio.putFields("config", text(config));
    }
    if (!subset.isEmpty()) {
      istio.putFields("subset", text(subset));
    }
    if (external) {
      istio.putFields("external", Value.newBuilder().setBoolValue(true).build());
    }
    boolean ownCertificates =
        tls.filter(
                written ->
                    written.mode() == ClientTls.Mode.SIMPLE
                        || written.mode() == ClientTls.Mode.MUTUAL)
            .isPresent();
    if (ownCertificates) {
      istio.putFields("alpn_override", text("false"));
    }
    return Metadata.newBuilder().putFilterMetadata("istio", istio.build()).build();
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }
}
