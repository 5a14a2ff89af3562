package io.meltemi.proxy.network.filter.tcpproxy;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.DynamicHosts;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostStat;
import io.meltemi.proxy.cluster.LbContext;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.matcher.XxHash64;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.transport.OutputEnd;
import io.meltemi.proxy.transport.TransportFailure;
import io.meltemi.proxy.transport.TransportOptions;
import io.meltemi.proxy.transport.UpstreamTransport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * One downstream connection and its upstream one. Each side reads only while the other takes what
 * it sends; the end of one direction is passed on and the other goes on; when both have ended, or
 * either side fails, both are closed. Bytes that arrive before the upstream connection stands are
 * kept: reading is off until then, so there are few.
 */
final class TcpProxySession extends ChannelInboundHandlerAdapter implements LbContext {
  private static final int READ_BYTES_MIN = 512;
  private static final int READ_BYTES_INITIAL = 2048;

  /** Reads grow up to this while a peer sends without pause: each is a system call less. */
  private static final int READ_BYTES_MAX = 256 * 1024;

  /** A read of so many bytes is passed on while the processor's cache still holds it. */
  private static final int FLUSH_BYTES_MIN = 32 * 1024;

  private final TcpProxyConfig config;
  private final DownstreamConnection connection;
  private final LoopContext loop;
  private final Channel downstream;
  private final StreamInfo info = new StreamInfo();
  private final Queue<ByteBuf> early = new ArrayDeque<>();
  private final LoopTimer idle = new Timer(this::onIdle);
  private final LoopTimer duration = new Timer(this::onDuration);
  private long lastActivityNanos;
  private int attempts;
  private @Nullable Channel upstream;
  private @Nullable Channel connecting;
  private @Nullable Cluster cluster;
  private boolean downstreamEnded;
  private boolean upstreamEnded;
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

  TcpProxySession(TcpProxyConfig config, DownstreamConnection connection) {
    this.config = config;
    this.connection = connection;
    this.loop = connection.loop();
    this.downstream = connection.channel();
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    downstream.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    downstream.config().setRecvByteBufAllocator(receiveBuffers(downstream));
    config.stats().cxTotal.inc();
    connection.describe(info);
    info.dynamicMetadata = connection.dynamicMetadata();
    info.startNanos = loop.nanos();
    lastActivityNanos = info.startNanos;
    downstream.closeFuture().addListener(_ -> finish());
    if (config.settings().idleNanos() > 0) {
      loop.timers().start(idle, config.settings().idleNanos());
    }
    if (config.settings().durationNanosMax() > 0) {
      loop.timers().start(duration, config.settings().durationNanosMax());
    }
    connect();
  }

  /** No read is larger than what the connection may keep. */
  private static RecvByteBufAllocator receiveBuffers(Channel channel) {
    int limit = channel.config().getWriteBufferHighWaterMark();
    return new AdaptiveRecvByteBufAllocator(
        READ_BYTES_MIN, READ_BYTES_INITIAL, Math.clamp(limit, READ_BYTES_INITIAL, READ_BYTES_MAX));
  }

  private void connect() {
    String name = config.settings().cluster(loop.random());
    Cluster target = config.clusters().get(name);
    info.upstreamCluster = name;
    if (target == null) {
      config.stats().cxNoRoute.inc();
      fail(ResponseFlag.NO_CLUSTER_FOUND, "cluster_not_found");
      return;
    }
    cluster = target;
    if (target.loadBalancer() instanceof DynamicHosts hosts && !isKnown(hosts)) {
      return;
    }
    choose(target);
  }

  /** Whether the host's name needs no waiting; when it does, the rest follows the look-up. */
  private boolean isKnown(DynamicHosts hosts) {
    String name = connection.requestedHost();
    if (name == null) {
      return true;
    }
    return switch (hosts.load(name, found -> loop.eventLoop().execute(() -> onLookedUp(found)))) {
      case READY -> true;
      case LOADING -> false;
      case FAILED -> {
        onLookedUp(false);
        yield false;
      }
      case HOSTS_OVERFLOW, PENDING_OVERFLOW -> {
        fail(ResponseFlag.UPSTREAM_OVERFLOW, "dns_cache_overflow");
        yield false;
      }
    };
  }

  private void onLookedUp(boolean found) {
    Cluster target = cluster;
    if (finished || target == null) {
      return;
    }
    if (found) {
      choose(target);
    } else {
      fail(ResponseFlag.DNS_RESOLUTION_FAILED, "dns_resolution_failure{not_found}");
    }
  }

  private void choose(Cluster target) {
    Host host = target.loadBalancer().choose(this);
    if (host == null) {
      target.stats().cxNoneHealthy.inc();
      fail(ResponseFlag.NO_HEALTHY_UPSTREAM, "no_healthy_upstream");
      return;
    }
    if (!target.circuitBreakers().tryConnection()) {
      target.stats().cxOverflow.inc();
      fail(ResponseFlag.UPSTREAM_OVERFLOW, "upstream_overflow");
      return;
    }
    attempts++;
    connect(target, host);
  }

  private void connect(Cluster target, Host host) {
    long startNanos = loop.nanos();
    info.upstreamConnectStartNanos = startNanos;
    info.upstreamRemoteAddress = host.address();
    info.upstreamHostName = host.hostname();
    target.stats().cxTotal.inc();
    host.add(HostStat.CX_TOTAL, 1);
    ChannelFuture future =
        config
            .connector()
            .connect(
                downstream.eventLoop(), target, host, TransportOptions.NONE, new UpstreamHandler());
    connecting = future.channel();
    future.channel().closeFuture().addListener(_ -> target.circuitBreakers().releaseConnection());
    future.addListener(
        (ChannelFutureListener)
            done -> {
              connecting = null;
              if (done.isSuccess()) {
                onConnected(target, host, done.channel(), startNanos);
              } else {
                onConnectFailed(target, host, done);
              }
            });
  }

  private void onConnectFailed(Cluster target, Host host, ChannelFuture failed) {
    target.stats().cxConnectFail.inc();
    host.add(HostStat.CX_CONNECT_FAIL, 1);
    Throwable cause = failed.cause();
    if (cause instanceof ConnectTimeoutException) {
      target.stats().cxConnectTimeout.inc();
    }
    target.outlierDetector().onLocalFailure(host);
    if (finished) {
      return;
    }
    if (attempts < config.settings().connectAttemptsMax()) {
      connect();
      return;
    }
    boolean retried = config.settings().connectAttemptsMax() > 1;
    if (retried) {
      info.set(ResponseFlag.UPSTREAM_RETRY_LIMIT_EXCEEDED);
    }
    info.upstreamTransportFailureReason =
        cause instanceof ConnectTimeoutException
            ? "connect timeout"
            : connectError(cause == null ? null : cause.getMessage());
    fail(ResponseFlag.UPSTREAM_CONNECTION_FAILURE, "upstream_connection_failure");
  }

  private static String connectError(@Nullable String words) {
    return words != null && TransportFailure.isTold(words)
        ? words
        : "delayed connect error: " + (words == null ? "unknown" : words);
  }

  private void onConnected(Cluster target, Host host, Channel channel, long startNanos) {
    long now = loop.nanos();
    info.upstreamConnectEndNanos = now;
    info.upstreamLocalAddress = channel.localAddress();
    info.upstreamTls = UpstreamTransport.infoOf(channel);
    target.stats().cxActive.inc();
    target.stats().cxConnectMs.record((now - startNanos) / 1_000_000);
    target.outlierDetector().onConnectedOnly(host);
    host.add(HostStat.CX_ACTIVE, 1);
    channel
        .closeFuture()
        .addListener(
            _ -> {
              target.stats().cxActive.dec();
              target.stats().cxDestroy.inc();
              target.stats().cxLengthMs.record((loop.nanos() - now) / 1_000_000);
              host.add(HostStat.CX_ACTIVE, -1);
            });
    if (finished) {
      channel.close();
      return;
    }
    upstream = channel;
    lastActivityNanos = now;
    boolean sent = !early.isEmpty();
    for (ByteBuf bytes = early.poll(); bytes != null; bytes = early.poll()) {
      channel.write(bytes, channel.voidPromise());
    }
    if (sent) {
      channel.flush();
    }
    if (downstreamEnded) {
      endOutput(channel);
    }
    downstream.config().setAutoRead(channel.isWritable());
    channel.config().setAutoRead(downstream.isWritable());
  }

  /* downstream */

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    int size = bytes.readableBytes();
    info.bytesReceived += size;
    config.stats().cxRxBytes.add(size);
    lastActivityNanos = loop.nanos();
    Channel target = upstream;
    if (finished) {
      bytes.release();
    } else if (target == null) {
      early.add(bytes);
    } else {
      info.upstreamWireBytesSent += size;
      target.write(bytes, target.voidPromise());
      if (size >= FLUSH_BYTES_MIN) {
        target.flush();
      }
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    Channel target = upstream;
    if (target == null) {
      return;
    }
    target.flush();
    if (!target.isWritable() && downstream.config().isAutoRead()) {
      downstream.config().setAutoRead(false);
      config.stats().flowControlPaused.inc();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    Channel source = upstream;
    if (source != null) {
      source.config().setAutoRead(downstream.isWritable());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent && !downstreamEnded) {
      downstreamEnded = true;
      Channel target = upstream;
      if (target != null) {
        endOutput(target);
      }
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    info.set(ResponseFlag.DOWNSTREAM_CONNECTION_TERMINATION);
    ctx.close();
  }

  /** The other side sends no more: says so behind what is still to be written. */
  private void endOutput(Channel channel) {
    boolean last = downstreamEnded && upstreamEnded;
    channel
        .writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(
            _ -> {
              if (last) {
                // the other direction has been passed on in full before
                closeWhenFlushed(downstream);
                Channel up = upstream;
                if (up != null) {
                  closeWhenFlushed(up);
                }
              } else if (channel instanceof DuplexChannel duplex && channel.isActive()) {
                OutputEnd.send(duplex);
              }
            });
  }

  private static void closeWhenFlushed(Channel channel) {
    if (channel.isActive()) {
      channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    } else {
      channel.close();
    }
  }

  /* upstream */

  private final class UpstreamHandler extends ChannelInboundHandlerAdapter {
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      ctx.channel().config().setAutoRead(false);
      ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
      ctx.channel().config().setRecvByteBufAllocator(receiveBuffers(ctx.channel()));
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      int size = bytes.readableBytes();
      info.bytesSent += size;
      info.upstreamWireBytesReceived += size;
      config.stats().cxTxBytes.add(size);
      lastActivityNanos = loop.nanos();
      if (finished) {
        bytes.release();
      } else {
        downstream.write(bytes, downstream.voidPromise());
        if (size >= FLUSH_BYTES_MIN) {
          downstream.flush();
        }
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      downstream.flush();
      if (!downstream.isWritable()) {
        ctx.channel().config().setAutoRead(false);
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      boolean writable = ctx.channel().isWritable();
      if (upstream != null && writable != downstream.config().isAutoRead()) {
        downstream.config().setAutoRead(writable);
        (writable ? config.stats().flowControlResumed : config.stats().flowControlPaused).inc();
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent && !upstreamEnded) {
        upstreamEnded = true;
        endOutput(downstream);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      info.set(ResponseFlag.UPSTREAM_CONNECTION_TERMINATION);
      ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      if (upstream == ctx.channel()) {
        closeWhenFlushed(downstream);
      }
    }
  }

  /* ends */

  private void fail(ResponseFlag flag, String details) {
    info.set(flag);
    info.responseCodeDetails = details;
    downstream.close();
  }

  private void onIdle() {
    long left = config.settings().idleNanos() - (loop.nanos() - lastActivityNanos);
    if (left > 0) {
      loop.timers().start(idle, left);
      return;
    }
    config.stats().idleTimeout.inc();
    info.set(ResponseFlag.STREAM_IDLE_TIMEOUT);
    downstream.close();
  }

  private void onDuration() {
    config.stats().maxDuration.inc();
    info.set(ResponseFlag.DURATION_TIMEOUT);
    info.connectionTerminationDetails = "max_downstream_connection_duration";
    downstream.close();
  }

  private void finish() {
    if (finished) {
      return;
    }
    finished = true;
    if (!connection.terminationDetails().isEmpty()) {
      info.connectionTerminationDetails = connection.terminationDetails();
    }
    loop.timers().cancel(idle);
    loop.timers().cancel(duration);
    for (ByteBuf bytes = early.poll(); bytes != null; bytes = early.poll()) {
      bytes.release();
    }
    Channel up = upstream != null ? upstream : connecting;
    if (up != null) {
      if (upstream != null && downstreamEnded) {
        closeWhenFlushed(up);
      } else {
        up.close();
      }
    }
    info.endNanos = loop.nanos();
    Cluster target = cluster;
    if (target != null) {
      target.stats().cxRxBytesTotal.add(info.upstreamWireBytesReceived);
      target.stats().cxTxBytesTotal.add(info.upstreamWireBytesSent);
    }
    config.settings().accessLog().log(info);
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
  public SocketAddress originalDestination() {
    return connection.facts().localAddress();
  }
}
