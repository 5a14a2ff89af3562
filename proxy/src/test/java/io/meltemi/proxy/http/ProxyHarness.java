package io.meltemi.proxy.http;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.trace.v3.DatadogConfig;
import io.envoyproxy.envoy.config.trace.v3.OpenTelemetryConfig;
import io.envoyproxy.envoy.config.trace.v3.SkyWalkingConfig;
import io.envoyproxy.envoy.config.trace.v3.ZipkinConfig;
import io.envoyproxy.envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig;
import io.envoyproxy.envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig;
import io.envoyproxy.envoy.extensions.access_loggers.stream.v3.StdoutAccessLog;
import io.envoyproxy.envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit;
import io.envoyproxy.envoy.extensions.filters.http.buffer.v3.Buffer;
import io.envoyproxy.envoy.extensions.filters.http.buffer.v3.BufferPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.csrf.v3.CsrfPolicy;
import io.envoyproxy.envoy.extensions.filters.http.custom_response.v3.CustomResponse;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.ExtAuthz;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.grpc_web.v3.GrpcWeb;
import io.envoyproxy.envoy.extensions.filters.http.header_mutation.v3.HeaderMutation;
import io.envoyproxy.envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication;
import io.envoyproxy.envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit;
import io.envoyproxy.envoy.extensions.filters.http.ratelimit.v3.RateLimit;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy;
import io.envoyproxy.envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig;
import io.envoyproxy.envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate;
import io.envoyproxy.envoy.extensions.tracers.opentelemetry.resource_detectors.v3.DynatraceResourceDetectorConfig;
import io.envoyproxy.envoy.extensions.tracers.opentelemetry.resource_detectors.v3.EnvironmentResourceDetectorConfig;
import io.envoyproxy.envoy.extensions.tracers.opentelemetry.resource_detectors.v3.StaticConfigResourceDetectorConfig;
import io.envoyproxy.envoy.extensions.tracers.opentelemetry.samplers.v3.AlwaysOnSamplerConfig;
import io.envoyproxy.envoy.extensions.tracers.opentelemetry.samplers.v3.DynatraceSamplerConfig;
import io.envoyproxy.envoy.type.matcher.v3.HttpResponseHeaderMatchInput;
import io.envoyproxy.envoy.type.matcher.v3.HttpResponseStatusCodeClassMatchInput;
import io.envoyproxy.envoy.type.matcher.v3.HttpResponseStatusCodeMatchInput;
import io.meltemi.common.net.Locality;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.accesslog.LogHost;
import io.meltemi.proxy.accesslog.cel.CelConditionFactory;
import io.meltemi.proxy.accesslog.grpc.GrpcLogFactory;
import io.meltemi.proxy.accesslog.opentelemetry.OpenTelemetryLogFactory;
import io.meltemi.proxy.bootstrap.BootstrapReader;
import io.meltemi.proxy.cel.CelExpressions;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.cluster.ClusterSettings;
import io.meltemi.proxy.cluster.HealthStatus;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.LoadBalancer;
import io.meltemi.proxy.cluster.OutlierDetector;
import io.meltemi.proxy.http.filter.router.RouterFilterFactory;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.Loops;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.route.RouteTableParser;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.accesslog.AccessLogParser;
import io.meltemi.proxy.telemetry.accesslog.LogFiles;
import io.meltemi.proxy.testing.StatValues;
import io.meltemi.proxy.tracing.TracerFactory;
import io.meltemi.proxy.tracing.TracingParser;
import io.meltemi.proxy.tracing.TracingSettings;
import io.meltemi.proxy.upstream.GrpcClient;
import io.meltemi.proxy.upstream.SocketConnector;
import io.meltemi.proxy.upstream.UpstreamClient;
import io.meltemi.proxy.upstream.UpstreamPools;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** A connection manager with a router on a loopback port, one event loop, and its clusters. */
final class ProxyHarness implements AutoCloseable {
  final Stats stats = new Stats();
  final ClusterManager clusters = new ClusterManager();
  private final ByteArrayOutputStream log = new ByteArrayOutputStream();
  private final LogFiles logs;
  private final AccessLogParser accessLogs;
  private final Map<String, Cluster> byName = new HashMap<>();
  private final MultiThreadIoEventLoopGroup group;
  private final Loops loops = new Loops(Ticker.system(), 1);
  private final UpstreamPools pools;
  private final List<HttpFilterFactory> filters = new ArrayList<>();
  private final List<TracerFactory> tracers = new ArrayList<>();
  private final AtomicInteger ids = new AtomicInteger();
  private int bufferBytesMax = 1 << 20;
  private InetSocketAddress address = new InetSocketAddress(0);

  ProxyHarness() {
    this(new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory()), NioSocketChannel::new);
  }

  ProxyHarness(MultiThreadIoEventLoopGroup group, ChannelFactory<? extends Channel> channels) {
    this.group = group;
    this.pools = new UpstreamPools(new SocketConnector(channels));
    PrintStream out = new PrintStream(log, true, StandardCharsets.UTF_8);
    logs = new LogFiles(stats, Ticker.system(), 1_000_000, out, out);
    accessLogs = accessLogs();
    filters.add(new RouterFilterFactory(clusters, pools, accessLogs, stats));
  }

  /** Started, with all requests going to one backend. */
  static ProxyHarness before(TestBackend backend) {
    return before(backend, "");
  }

  /**
   * @param more further fields of the manager, one a line
   */
  static ProxyHarness before(TestBackend backend, String more) {
    return new ProxyHarness()
        .cluster("a", backend)
        .start(ManagerYaml.manager(ManagerYaml.TO_A, more));
  }

  ProxyHarness bufferBytesMax(int limit) {
    bufferBytesMax = limit;
    return this;
  }

  /** Sends requests of the proxy's own to the clusters of this one. */
  UpstreamClient upstreamClient() {
    return new UpstreamClient(clusters, pools);
  }

  ProxyHarness tracer(TracerFactory factory) {
    tracers.add(factory);
    return this;
  }

  ProxyHarness filter(HttpFilterFactory factory) {
    filters.add(factory);
    return this;
  }

  ProxyHarness cluster(String name, TestBackend... backends) {
    return cluster(name, settings -> settings, backends);
  }

  ProxyHarness cluster(
      String name, UnaryOperator<ClusterSettings> change, TestBackend... backends) {
    InetSocketAddress[] addresses = new InetSocketAddress[backends.length];
    for (int i = 0; i < backends.length; i++) {
      addresses[i] = backends[i].address();
    }
    return cluster(name, change, addresses);
  }

  ProxyHarness cluster(
      String name, UnaryOperator<ClusterSettings> change, InetSocketAddress... addresses) {
    List<Host> hosts = new ArrayList<>();
    for (InetSocketAddress to : addresses) {
      hosts.add(new Host(to, "", new Host.Placement(0, Locality.UNKNOWN, 1, HealthStatus.HEALTHY)));
    }
    AtomicInteger next = new AtomicInteger();
    LoadBalancer inTurn =
        context -> {
          for (int i = 0; i < hosts.size(); i++) {
            Host host = hosts.get(Math.floorMod(next.getAndIncrement(), hosts.size()));
            if (!context.rejects(host)) {
              return host;
            }
          }
          return hosts.isEmpty() ? null : hosts.getFirst();
        };
    ClusterSettings settings =
        new ClusterSettings(
            name,
            name,
            new ClusterSettings.Discovery.Static(),
            ClusterSettings.Balancing.DEFAULT,
            ClusterSettings.Connection.DEFAULT,
            ClusterSettings.Http.DEFAULT,
            ClusterSettings.Breakers.DEFAULT);
    byName.put(name, new Cluster(change.apply(settings), inTurn, OutlierDetector.NONE, stats));
    clusters.replaceAll(byName);
    return this;
  }

  private AccessLogParser accessLogs() {
    Formatter.Sources sources = new Formatter.Sources(Ticker.system(), Map.of("ENVX", "of-env"));
    Node node = Node.newBuilder().setId("node").setCluster("cluster").build();
    Supplier<List<LoopContext>> all = () -> List.of(loops.get((EventLoop) group.next()));
    LogHost host = new LogHost(new GrpcClient(upstreamClient()), all, node, sources, stats);
    return new AccessLogParser(
        logs,
        sources,
        List.of(new GrpcLogFactory(host), new OpenTelemetryLogFactory(host)),
        List.of(new CelConditionFactory(new CelExpressions(Ticker.system(), stats))));
  }

  HttpConnectionManagerFactory factory() {
    HttpFilters known = new HttpFilters(filters);
    return new HttpConnectionManagerFactory(
        known,
        new DiscoveredFilters(known),
        new RouteTableParser(known, Ticker.system()),
        _ -> () -> null,
        accessLogs,
        new TracingParser(
            tracers,
            Formatter.Sources.of(Ticker.system()),
            new TracingSettings.Self("node", "zone")),
        stats);
  }

  /** Starts with the YAML of an {@code HttpConnectionManager}. */
  ProxyHarness start(String yaml) {
    NetworkFilterConfig config = parse(yaml);
    ServerBootstrap server =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    install(config, channel);
                  }
                });
    Channel bound =
        server.bind(InetAddress.getLoopbackAddress(), 0).syncUninterruptibly().channel();
    address = (InetSocketAddress) bound.localAddress();
    return this;
  }

  void install(NetworkFilterConfig config, Channel channel) {
    config.install(
        new DownstreamConnection(
            channel,
            loops.get(channel.eventLoop()),
            new DownstreamConnection.Facts(
                ids.incrementAndGet(),
                channel.localAddress(),
                channel.remoteAddress(),
                channel.remoteAddress(),
                "",
                "raw_buffer",
                List.of(),
                java.util.Optional.empty()),
            new DownstreamConnection.Settings(bufferBytesMax, "test", "", false)));
  }

  NetworkFilterConfig parse(String yaml) {
    ParseScope scope = ParseScope.root(Origin.of("test"));
    NetworkFilterConfig config = factory().parse(proto(yaml), scope).orElse(null);
    if (config == null) {
      throw new IllegalArgumentException(scope.out().finish(() -> "").errors().toString());
    }
    return config;
  }

  static Any proto(String yaml) {
    var builder =
        io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3
            .HttpConnectionManager.newBuilder();
    var messages =
        MessageTypes.byName(
            List.of(
                Router.class,
                StdoutAccessLog.class,
                PreviousHostsPredicate.class,
                io.envoyproxy.envoy.config.route.v3.FilterConfig.class,
                JwtAuthentication.class,
                LocalRateLimit.class,
                RateLimit.class,
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
                BandwidthLimit.class,
                GrpcWeb.class,
                io.envoyproxy.envoy.extensions.filters.http.grpc_stats.v3.FilterConfig.class,
                HeaderMutation.class,
                HeaderMutationPerRoute.class,
                io.envoyproxy.envoy.extensions.http.early_header_mutation.header_mutation.v3
                    .HeaderMutation.class,
                PreserveCaseFormatterConfig.class,
                ExpressionFilter.class,
                HttpGrpcAccessLogConfig.class,
                TcpGrpcAccessLogConfig.class,
                OpenTelemetryAccessLogConfig.class,
                OpenTelemetryConfig.class,
                ZipkinConfig.class,
                DatadogConfig.class,
                SkyWalkingConfig.class,
                EnvironmentResourceDetectorConfig.class,
                StaticConfigResourceDetectorConfig.class,
                DynatraceResourceDetectorConfig.class,
                AlwaysOnSamplerConfig.class,
                DynatraceSamplerConfig.class));
    messages.put(
        "envoy.type.matcher.v3.HttpResponseLocalReplyMatchInput",
        com.google.protobuf.Empty::getDescriptor);
    return Any.pack(
        new BootstrapReader(messages).read(builder, yaml, Origin.of("test")).orElseThrow());
  }

  /** Everything that went to the access log on standard output. */
  String log() {
    logs.flush();
    return log.toString(StandardCharsets.UTF_8);
  }

  InetSocketAddress address() {
    return address;
  }

  TestClient client() throws java.io.IOException {
    return new TestClient(address);
  }

  long counter(String name) {
    return StatValues.of(stats, name);
  }

  @Override
  public void close() {
    logs.close();
    group.shutdownGracefully(0, 5, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
  }
}
