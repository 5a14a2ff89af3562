package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterStats;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostStat;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.ChannelWriter;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.telemetry.TlsInfo;
import io.meltemi.proxy.transport.OutputEnd;
import io.meltemi.proxy.transport.TransportFailure;
import io.meltemi.proxy.transport.TransportOptions;
import io.meltemi.proxy.transport.UpstreamTransport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection of its own for one request whose body is what goes over it: CONNECT that ends at
 * this proxy. The request's head is answered with 200 as soon as it is sent; the end of either body
 * is the end of that direction. Loop only.
 */
public final class TcpTunnel extends ChannelInboundHandlerAdapter implements UpstreamStream {
  private static final byte[] OK = "200".getBytes(StandardCharsets.US_ASCII);

  private final LoopContext loop;
  private final ClusterStats stats;
  private final Cluster cluster;
  private final Host host;
  private final long startNanos;
  private @Nullable UpstreamCallbacks callbacks;
  private @Nullable Channel channel;
  private @Nullable ChannelWriter writer;
  private @Nullable TlsInfo tls;
  private boolean answered;
  private boolean inRead;

  private TcpTunnel(LoopContext loop, Cluster cluster, Host host, UpstreamCallbacks callbacks) {
    this.loop = loop;
    this.cluster = cluster;
    this.host = host;
    this.stats = cluster.stats();
    this.callbacks = callbacks;
    this.startNanos = loop.nanos();
  }

  /** Where the connection lives and what makes it. */
  record Place(LoopContext loop, Connector connector, TransportOptions options) {}

  /**
   * Connects. One of {@link UpstreamCallbacks#onReady} and {@link UpstreamCallbacks#onPoolFailure}
   * follows, unless {@link #reset} comes first.
   *
   * @return null when a circuit breaker is at its limit, which has been told
   */
  static @Nullable TcpTunnel open(
      Place place, Cluster cluster, Host host, UpstreamCallbacks callbacks) {
    if (!cluster.tryConnection(host)) {
      cluster.stats().cxOverflow.inc();
      callbacks.onPoolFailure(PoolFailure.OVERFLOW, "");
      return null;
    }
    TcpTunnel tunnel = new TcpTunnel(place.loop(), cluster, host, callbacks);
    tunnel.connect(place);
    return tunnel;
  }

  private void connect(Place place) {
    stats.cxTotal.inc();
    stats.cxActive.inc();
    stats.rqPendingTotal.inc();
    stats.rqPendingActive.inc();
    host.add(HostStat.CX_TOTAL, 1);
    host.add(HostStat.CX_ACTIVE, 1);
    ChannelFuture future =
        place.connector().connect(loop.eventLoop(), cluster, host, place.options(), this);
    channel = future.channel();
    future
        .channel()
        .closeFuture()
        .addListener(
            _ -> {
              cluster.circuitBreakers().releaseConnection();
              stats.cxActive.dec();
              stats.cxDestroy.inc();
              stats.cxLengthMs.record(TimeUnit.NANOSECONDS.toMillis(loop.nanos() - startNanos));
              host.add(HostStat.CX_ACTIVE, -1);
            });
    future.addListener(
        _ -> {
          stats.rqPendingActive.dec();
          if (future.isSuccess()) {
            onConnected(future.channel());
          } else {
            onConnectFailed(future);
          }
        });
  }

  private void onConnected(Channel connected) {
    UpstreamCallbacks present = callbacks;
    if (present == null) {
      connected.close();
      return;
    }
    stats.cxConnectMs.record(TimeUnit.NANOSECONDS.toMillis(loop.nanos() - startNanos));
    cluster.outlierDetector().onConnected(host);
    writer = new ChannelWriter(connected, loop);
    tls = UpstreamTransport.infoOf(connected);
    stats.rqTotal.inc();
    stats.rqActive.inc();
    host.add(HostStat.RQ_TOTAL, 1);
    host.add(HostStat.RQ_ACTIVE, 1);
    present.onReady(this);
  }

  private void onConnectFailed(ChannelFuture failed) {
    failed.channel().close();
    UpstreamCallbacks present = callbacks;
    if (present == null) {
      return;
    }
    callbacks = null;
    stats.cxConnectFail.inc();
    host.add(HostStat.CX_CONNECT_FAIL, 1);
    boolean timeout = failed.cause() instanceof ConnectTimeoutException;
    if (timeout) {
      stats.cxConnectTimeout.inc();
    }
    stats.rqPendingFailureEject.inc();
    String words = failed.cause() == null ? null : failed.cause().getMessage();
    present.onPoolFailure(
        timeout ? PoolFailure.CONNECT_TIMEOUT : PoolFailure.CONNECT_FAILED,
        words == null ? "" : words);
  }

  private Channel channel() {
    Channel present = channel;
    if (present == null) {
      throw new IllegalStateException("not connected");
    }
    return present;
  }

  private ChannelWriter writer() {
    ChannelWriter present = writer;
    if (present == null) {
      throw new IllegalStateException("not connected");
    }
    return present;
  }

  // ---- the request

  @Override
  public void sendHeaders(HeaderBlock headers, boolean endStream) {
    UpstreamCallbacks present = callbacks;
    if (present == null || answered) {
      return;
    }
    answered = true;
    if (endStream) {
      endOutput();
    }
    HeaderBlock response = present.responseHeaders();
    response.clear();
    response.add(HeaderName.STATUS, OK);
    present.onResponseHeaders(200, false);
  }

  @Override
  public void sendData(ByteBuf data, boolean endStream) {
    stats.cxTxBytesTotal.add(data.readableBytes());
    writer().write(data);
    writer().flush();
    if (endStream) {
      endOutput();
    }
  }

  @Override
  public void sendTrailers(HeaderBlock trailers) {
    endOutput();
  }

  private void endOutput() {
    writer().flushAndCount();
    Channel present = channel();
    present
        .writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(
            _ -> {
              if (present instanceof DuplexChannel duplex && present.isActive()) {
                OutputEnd.send(duplex);
              }
            });
  }

  @Override
  public void reset() {
    if (callbacks != null) {
      callbacks = null;
      over();
    }
    close();
  }

  /** The request is over, one way or the other. */
  private void over() {
    if (writer != null) {
      stats.rqActive.dec();
      host.add(HostStat.RQ_ACTIVE, -1);
    }
  }

  private void close() {
    ChannelWriter out = writer;
    if (out != null) {
      out.discard();
    }
    channel().close();
  }

  @Override
  public void setReading(boolean reading) {
    if (channel().config().isAutoRead() != reading) {
      channel().config().setAutoRead(reading);
    }
  }

  @Override
  public boolean isWritable() {
    return channel().isWritable();
  }

  @Override
  public int requestNumber() {
    return 1;
  }

  @Override
  public String protocol() {
    return "";
  }

  @Override
  public @Nullable SocketAddress localAddress() {
    return channel().localAddress();
  }

  @Override
  public @Nullable TlsInfo tls() {
    return tls;
  }

  // ---- the channel

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    context.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!inRead) {
      inRead = true;
      loop.enter();
    }
    ByteBuf in = (ByteBuf) message;
    try {
      stats.cxRxBytesTotal.add(in.readableBytes());
      UpstreamCallbacks present = callbacks;
      if (present != null) {
        present.onResponseData(in, false);
      }
    } finally {
      in.release();
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
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      end();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    UpstreamCallbacks present = callbacks;
    if (present != null && writer != null) {
      present.onUpstreamWritable(context.channel().isWritable());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    ChannelWriter out = writer;
    if (out != null) {
      out.discard();
    }
    end();
  }

  /** The host sends no more: that is the end of the answer, and so of the request. */
  private void end() {
    UpstreamCallbacks present = callbacks;
    if (present != null && answered) {
      callbacks = null;
      over();
      present.onResponseData(Unpooled.EMPTY_BUFFER, true);
      close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    UpstreamCallbacks present = callbacks;
    if (present != null && answered) {
      callbacks = null;
      over();
      present.onReset(ResetReason.CLOSED, TransportFailure.describe(cause));
    }
    context.close();
  }
}
