package io.meltemi.proxy.network.filter.tcpproxy;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.LbContext;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.ChannelWriter;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.matcher.XxHash64;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.transport.TransportFailure;
import io.meltemi.proxy.transport.TransportOptions;
import io.meltemi.proxy.upstream.ConnectionPool;
import io.meltemi.proxy.upstream.PoolFailure;
import io.meltemi.proxy.upstream.ResetReason;
import io.meltemi.proxy.upstream.UpstreamCallbacks;
import io.meltemi.proxy.upstream.UpstreamStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * One downstream connection whose bytes go to the upstream as the body of a CONNECT or POST
 * request, and come back as the body of its answer. Each side is read only while the other takes
 * what it sends. The end of the client's side ends the request; the end of the answer, or a reset,
 * closes the connection. Loop only.
 */
final class TunnelSession extends ChannelInboundHandlerAdapter
    implements LbContext, UpstreamCallbacks {
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

  private final TcpProxyConfig config;
  private final TunnelSettings tunnel;
  private final DownstreamConnection connection;
  private final LoopContext loop;
  private final Channel downstream;
  private final ChannelWriter writer;
  private final StreamInfo info = new StreamInfo();
  private final HeaderBlock response = new HeaderBlock();
  private final Queue<ByteBuf> early = new ArrayDeque<>();
  private final LoopTimer idle = new Timer(this::onIdle);
  private final LoopTimer duration = new Timer(this::onDuration);
  private long lastActivityNanos;
  private int attempts;
  private @Nullable ConnectionPool leasing;
  private @Nullable UpstreamStream upstream;
  private boolean established;
  private boolean downstreamEnded;
  private boolean inRead;
  private boolean finished;

  TunnelSession(TcpProxyConfig config, TunnelSettings tunnel, DownstreamConnection connection) {
    this.config = config;
    this.tunnel = tunnel;
    this.connection = connection;
    this.loop = connection.loop();
    this.downstream = connection.channel();
    this.writer = new ChannelWriter(downstream, loop);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    downstream.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
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

  private void connect() {
    String name = config.settings().cluster(loop.random());
    Cluster target = config.clusters().get(name);
    info.upstreamCluster = name;
    if (target == null) {
      config.stats().cxNoRoute.inc();
      fail(ResponseFlag.NO_CLUSTER_FOUND, "cluster_not_found");
      return;
    }
    Host host = target.loadBalancer().choose(this);
    if (host == null) {
      target.stats().cxNoneHealthy.inc();
      fail(ResponseFlag.NO_HEALTHY_UPSTREAM, "no_healthy_upstream");
      return;
    }
    attempts++;
    info.upstreamConnectStartNanos = loop.nanos();
    info.upstreamRemoteAddress = host.address();
    info.upstreamHostName = host.hostname();
    ConnectionPool pool = config.pools().of(loop).get(target, host, false, TransportOptions.NONE);
    leasing = pool;
    pool.lease(this);
  }

  // ---- the tunnel

  @Override
  public void onReady(UpstreamStream stream) {
    leasing = null;
    upstream = stream;
    info.upstreamLocalAddress = stream.localAddress();
    info.upstreamTls = stream.tls();
    info.upstreamProtocol = stream.protocol();
    stream.sendHeaders(tunnel.request(info), false);
  }

  @Override
  public void onPoolFailure(PoolFailure failure, String detail) {
    leasing = null;
    if (failure == PoolFailure.OVERFLOW) {
      fail(ResponseFlag.UPSTREAM_OVERFLOW, "upstream_overflow");
      return;
    }
    retry(
        failure == PoolFailure.CONNECT_TIMEOUT
            ? "connect timeout"
            : TransportFailure.isTold(detail) ? detail : "delayed connect error: " + detail);
  }

  /** One attempt has come to nothing. */
  private void retry(String reason) {
    if (finished) {
      return;
    }
    if (attempts < config.settings().connectAttemptsMax()) {
      connect();
      return;
    }
    info.upstreamTransportFailureReason = reason;
    info.set(ResponseFlag.UPSTREAM_RETRY_LIMIT_EXCEEDED);
    fail(ResponseFlag.UPSTREAM_CONNECTION_FAILURE, "upstream_connection_failure");
  }

  @Override
  public HeaderBlock responseHeaders() {
    return response;
  }

  @Override
  public void onResponseHeaders(int status, boolean endStream) {
    if (endStream) {
      upstream = null;
    }
    if (status < 200 || status > 299) {
      drop();
      retry("tunnel_response:" + status);
      return;
    }
    established = true;
    info.upstreamConnectEndNanos = loop.nanos();
    lastActivityNanos = info.upstreamConnectEndNanos;
    UpstreamStream stream = upstream;
    if (stream == null) {
      closeBehindOutput();
      return;
    }
    for (ByteBuf bytes = early.poll(); bytes != null; bytes = early.poll()) {
      send(stream, bytes);
    }
    if (upstream != stream) {
      return;
    }
    if (downstreamEnded) {
      stream.sendData(Unpooled.EMPTY_BUFFER, true);
    }
    downstream.config().setAutoRead(stream.isWritable());
    stream.setReading(downstream.isWritable());
  }

  private void send(UpstreamStream stream, ByteBuf bytes) {
    try {
      if (upstream == stream) {
        info.upstreamWireBytesSent += bytes.readableBytes();
        stream.sendData(bytes, false);
      }
    } finally {
      bytes.release();
    }
  }

  @Override
  public void onResponseData(ByteBuf data, boolean endStream) {
    int size = data.readableBytes();
    info.bytesSent += size;
    info.upstreamWireBytesReceived += size;
    config.stats().cxTxBytes.add(size);
    lastActivityNanos = loop.now();
    writer.write(data);
    writer.flush();
    if (endStream) {
      upstream = null;
      closeBehindOutput();
    }
  }

  @Override
  public void onResponseTrailers(HeaderBlock trailers) {
    upstream = null;
    closeBehindOutput();
  }

  @Override
  public void onReset(ResetReason reason, String detail) {
    upstream = null;
    if (established) {
      closeBehindOutput();
    } else {
      retry(detail.isEmpty() ? "connection_termination" : detail);
    }
  }

  @Override
  public void onUpstreamWritable(boolean writable) {
    if (established && writable != downstream.config().isAutoRead()) {
      downstream.config().setAutoRead(writable);
      (writable ? config.stats().flowControlResumed : config.stats().flowControlPaused).inc();
    }
  }

  // ---- downstream

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!inRead) {
      inRead = true;
      loop.enter();
    }
    ByteBuf bytes = (ByteBuf) message;
    int size = bytes.readableBytes();
    info.bytesReceived += size;
    config.stats().cxRxBytes.add(size);
    lastActivityNanos = loop.now();
    UpstreamStream stream = upstream;
    if (finished || (established && stream == null)) {
      bytes.release();
    } else if (!established || stream == null) {
      early.add(bytes);
    } else {
      send(stream, bytes);
      if (upstream == stream && !stream.isWritable() && downstream.config().isAutoRead()) {
        downstream.config().setAutoRead(false);
        config.stats().flowControlPaused.inc();
      }
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (inRead) {
      inRead = false;
      loop.exit();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    UpstreamStream stream = upstream;
    if (established && stream != null) {
      stream.setReading(downstream.isWritable());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent && !downstreamEnded) {
      downstreamEnded = true;
      UpstreamStream stream = upstream;
      if (established && stream != null) {
        stream.sendData(Unpooled.EMPTY_BUFFER, true);
      }
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    info.set(ResponseFlag.DOWNSTREAM_CONNECTION_TERMINATION);
    context.close();
  }

  // ---- ends

  private void closeBehindOutput() {
    writer.flushAndCount();
    downstream.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

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

  private void drop() {
    ConnectionPool waiting = leasing;
    if (waiting != null) {
      leasing = null;
      waiting.cancel(this);
    }
    UpstreamStream stream = upstream;
    if (stream != null) {
      upstream = null;
      stream.reset();
    }
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
    writer.discard();
    drop();
    info.endNanos = loop.nanos();
    config.settings().accessLog().log(info);
  }

  // ---- what load balancing asks

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
  public SocketAddress originalDestination() {
    return connection.facts().localAddress();
  }
}
