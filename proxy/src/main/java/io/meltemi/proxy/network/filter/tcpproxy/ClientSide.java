package io.meltemi.proxy.network.filter.tcpproxy;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.DynamicHosts;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.LbContext;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.matcher.XxHash64;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.transport.TransportOptions;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A downstream connection of the TCP proxy, whatever its bytes travel in behind it: what is told of
 * it, its time limits, the bytes that came before there was an upstream, and the choice of the
 * host. Loop only.
 */
final class ClientSide implements LbContext {
  final Channel channel;
  final StreamInfo info = new StreamInfo();

  /** Hosts that were tried. */
  int attempts;

  /** Whether the client sends no more. */
  boolean ended;

  private final TcpProxyConfig config;
  private final DownstreamConnection connection;
  private final LoopContext loop;
  private final Queue<ByteBuf> early = new ArrayDeque<>();
  private final LoopTimer idle = new Timer(this::onIdle);
  private final LoopTimer duration = new Timer(this::onDuration);
  private long lastActivityNanos;
  private boolean finished;

  private static final class Timer extends LoopTimer {
    private final Runnable action;

    Timer(Runnable action) {
      this.action = action;
    }

    @Override
    protected void onTimeout() {
      action.run();
    }
  }

  ClientSide(TcpProxyConfig config, DownstreamConnection connection) {
    this.config = config;
    this.connection = connection;
    this.loop = connection.loop();
    this.channel = connection.channel();
  }

  /**
   * Counts the connection and starts its time limits.
   *
   * @param onClosed called when it has closed, for whatever reason
   */
  void begin(Runnable onClosed) {
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    config.stats().cxTotal.inc();
    connection.describe(info);
    info.dynamicMetadata = connection.dynamicMetadata();
    info.startNanos = loop.nanos();
    lastActivityNanos = info.startNanos;
    channel.closeFuture().addListener(_ -> onClosed.run());
    if (config.settings().idleNanos() > 0) {
      loop.timers().start(idle, config.settings().idleNanos());
    }
    if (config.settings().durationNanosMax() > 0) {
      loop.timers().start(duration, config.settings().durationNanosMax());
    }
  }

  /** What the connection to a host of the cluster is to be like. */
  TransportOptions options(Cluster target) {
    return target.tellsClients()
        ? TransportOptions.NONE.withClient(connection.client())
        : TransportOptions.NONE;
  }

  /** Chooses a host, maybe after its name was looked up; fails the connection where none is. */
  void route(BiConsumer<Cluster, Host> onHost) {
    String name = config.settings().cluster(loop.random());
    Cluster target = config.clusters().get(name);
    info.upstreamCluster = name;
    if (target == null) {
      config.stats().cxNoRoute.inc();
      fail(ResponseFlag.NO_CLUSTER_FOUND, "cluster_not_found");
      return;
    }
    String requested = connection.requestedHost();
    if (requested != null && target.loadBalancer() instanceof DynamicHosts hosts) {
      lookUp(target, hosts, requested, onHost);
    } else {
      choose(target, onHost);
    }
  }

  private void lookUp(
      Cluster target, DynamicHosts hosts, String requested, BiConsumer<Cluster, Host> onHost) {
    DynamicHosts.Outcome outcome =
        hosts.load(
            requested, found -> loop.eventLoop().execute(() -> onLookedUp(found, target, onHost)));
    switch (outcome) {
      case READY -> choose(target, onHost);
      case LOADING -> {}
      case FAILED -> onLookedUp(false, target, onHost);
      case HOSTS_OVERFLOW, PENDING_OVERFLOW ->
          fail(ResponseFlag.UPSTREAM_OVERFLOW, "dns_cache_overflow");
    }
  }

  private void onLookedUp(boolean found, Cluster target, BiConsumer<Cluster, Host> onHost) {
    if (finished) {
      return;
    }
    if (found) {
      choose(target, onHost);
    } else {
      fail(ResponseFlag.DNS_RESOLUTION_FAILED, "dns_resolution_failure{not_found}");
    }
  }

  private void choose(Cluster target, BiConsumer<Cluster, Host> onHost) {
    Host host = target.loadBalancer().choose(this);
    if (host == null) {
      target.stats().cxNoneHealthy.inc();
      fail(ResponseFlag.NO_HEALTHY_UPSTREAM, "no_healthy_upstream");
      return;
    }
    onHost.accept(target, host);
  }

  /** Tells of the host that is connected to now. */
  void onConnecting(Host host) {
    attempts++;
    info.upstreamConnectStartNanos = loop.nanos();
    info.upstreamRemoteAddress = host.address();
    info.upstreamHostName = host.hostname();
  }

  boolean mayTryAgain() {
    return attempts < config.settings().connectAttemptsMax();
  }

  /** Begins the idle time anew. */
  void onActivity() {
    lastActivityNanos = loop.now();
  }

  /** Counts bytes of the client. */
  void onReceived(int bytes) {
    info.bytesReceived += bytes;
    config.stats().cxRxBytes.add(bytes);
    onActivity();
  }

  /** Counts bytes of the upstream, which go to the client. */
  void onSent(int bytes) {
    info.bytesSent += bytes;
    info.upstreamWireBytesReceived += bytes;
    config.stats().cxTxBytes.add(bytes);
    onActivity();
  }

  /** Keeps bytes until there is an upstream; reading is off until then, so there are few. */
  void keep(ByteBuf bytes) {
    early.add(bytes);
  }

  /** The next of the bytes that were kept, for the caller to release. */
  @Nullable ByteBuf kept() {
    return early.poll();
  }

  /** Reads, or not, as the upstream takes what it is sent. */
  void setReading(boolean reading) {
    if (reading != channel.config().isAutoRead()) {
      channel.config().setAutoRead(reading);
      (reading ? config.stats().flowControlResumed : config.stats().flowControlPaused).inc();
    }
  }

  void fail(ResponseFlag flag, String details) {
    info.set(flag);
    info.responseCodeDetails = details;
    channel.close();
  }

  /** Whether all of it is over; nothing may be sent or kept any more. */
  boolean finished() {
    return finished;
  }

  /** Ends time limits and drops what was kept. */
  void finish() {
    finished = true;
    if (!connection.terminationDetails().isEmpty()) {
      info.connectionTerminationDetails = connection.terminationDetails();
    }
    loop.timers().cancel(idle);
    loop.timers().cancel(duration);
    for (ByteBuf bytes = early.poll(); bytes != null; bytes = early.poll()) {
      bytes.release();
    }
  }

  /** Writes the access log; the last thing of a connection. */
  void log() {
    info.endNanos = loop.nanos();
    config.settings().accessLog().log(info);
  }

  private void onIdle() {
    long left = config.settings().idleNanos() - (loop.nanos() - lastActivityNanos);
    if (left > 0) {
      loop.timers().start(idle, left);
      return;
    }
    config.stats().idleTimeout.inc();
    info.set(ResponseFlag.STREAM_IDLE_TIMEOUT);
    channel.close();
  }

  private void onDuration() {
    config.stats().maxDuration.inc();
    info.set(ResponseFlag.DURATION_TIMEOUT);
    info.connectionTerminationDetails = "max_downstream_connection_duration";
    channel.close();
  }

  /* LbContext */

  @Override
  public long random() {
    return loop.random();
  }

  @Override
  public boolean hasHash() {
    return config.settings().hashesSource()
        && info.downstreamRemoteAddress instanceof InetSocketAddress;
  }

  @Override
  public long hash() {
    return info.downstreamRemoteAddress instanceof InetSocketAddress client
        ? XxHash64.hash(NetUtil.toAddressString(client.getAddress()))
        : 0;
  }

  @Override
  public @Nullable String requestedHost() {
    return connection.requestedHost();
  }

  @Override
  public @Nullable Object connectionMetadata(List<String> key) {
    return connection.dynamicMetadata().get(key.getFirst(), key.subList(1, key.size()));
  }

  @Override
  public SocketAddress originalDestination() {
    return connection.facts().localAddress();
  }
}
