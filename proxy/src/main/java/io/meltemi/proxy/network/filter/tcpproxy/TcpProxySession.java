package io.meltemi.proxy.network.filter.tcpproxy;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostStat;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.transport.OutputEnd;
import io.meltemi.proxy.transport.TransportFailure;
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
import org.jspecify.annotations.Nullable;

/**
 * One downstream connection and its upstream one. Each side reads only while the other takes what
 * it sends; the end of one direction is passed on and the other goes on; when both have ended, or
 * either side fails, both are closed. Bytes that arrive before the upstream connection stands are
 * kept: reading is off until then, so there are few.
 */
final class TcpProxySession extends ChannelInboundHandlerAdapter {
  private static final int READ_BYTES_MIN = 512;
  private static final int READ_BYTES_INITIAL = 2048;

  /** Reads grow up to this while a peer sends without pause: each is a system call less. */
  private static final int READ_BYTES_MAX = 256 * 1024;

  /** A read of so many bytes is passed on while the processor's cache still holds it. */
  private static final int FLUSH_BYTES_MIN = 32 * 1024;

  private final TcpProxyConfig config;
  private final ClientSide client;
  private final LoopContext loop;
  private final Channel downstream;
  private final StreamInfo info;
  private @Nullable Channel upstream;
  private @Nullable Channel connecting;
  private @Nullable Cluster cluster;
  private boolean upstreamEnded;

  TcpProxySession(TcpProxyConfig config, DownstreamConnection connection) {
    this.config = config;
    this.client = new ClientSide(config, connection);
    this.loop = connection.loop();
    this.downstream = client.channel;
    this.info = client.info;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    downstream.config().setRecvByteBufAllocator(receiveBuffers(downstream));
    client.begin(this::finish);
    client.route(this::onHost);
  }

  /** No read is larger than what the connection may keep. */
  private static RecvByteBufAllocator receiveBuffers(Channel channel) {
    int limit = channel.config().getWriteBufferHighWaterMark();
    return new AdaptiveRecvByteBufAllocator(
        READ_BYTES_MIN, READ_BYTES_INITIAL, Math.clamp(limit, READ_BYTES_INITIAL, READ_BYTES_MAX));
  }

  private void onHost(Cluster target, Host host) {
    if (!target.tryConnection(host)) {
      target.stats().cxOverflow.inc();
      client.fail(ResponseFlag.UPSTREAM_OVERFLOW, "upstream_overflow");
      return;
    }
    connect(target, host);
  }

  private void connect(Cluster target, Host host) {
    cluster = target;
    client.onConnecting(host);
    long startNanos = info.upstreamConnectStartNanos;
    target.stats().cxTotal.inc();
    host.add(HostStat.CX_TOTAL, 1);
    ChannelFuture future =
        config
            .connector()
            .connect(
                downstream.eventLoop(),
                target,
                host,
                client.options(target),
                new UpstreamHandler());
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
    if (client.finished()) {
      return;
    }
    if (client.mayTryAgain()) {
      client.route(this::onHost);
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
    client.fail(ResponseFlag.UPSTREAM_CONNECTION_FAILURE, "upstream_connection_failure");
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
    if (client.finished()) {
      channel.close();
      return;
    }
    upstream = channel;
    client.onActivity();
    for (ByteBuf bytes = client.kept(); bytes != null; bytes = client.kept()) {
      channel.write(bytes, channel.voidPromise());
    }
    channel.flush();
    if (client.ended) {
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
    client.onReceived(size);
    Channel target = upstream;
    if (client.finished()) {
      bytes.release();
    } else if (target == null) {
      client.keep(bytes);
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
    if (!target.isWritable()) {
      client.setReading(false);
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
    if (event instanceof ChannelInputShutdownEvent && !client.ended) {
      client.ended = true;
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
    boolean last = client.ended && upstreamEnded;
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
      client.onSent(size);
      if (client.finished()) {
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
      if (upstream != null) {
        client.setReading(ctx.channel().isWritable());
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

  private void finish() {
    client.finish();
    Channel up = upstream != null ? upstream : connecting;
    if (up != null) {
      if (upstream != null && client.ended) {
        closeWhenFlushed(up);
      } else {
        up.close();
      }
    }
    Cluster target = cluster;
    if (target != null) {
      target.stats().cxRxBytesTotal.add(info.upstreamWireBytesReceived);
      target.stats().cxTxBytesTotal.add(info.upstreamWireBytesSent);
    }
    client.log();
  }
}
