package io.meltemi.proxy.network.filter.tcpproxy;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.ChannelWriter;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.transport.TransportFailure;
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
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/**
 * One downstream connection whose bytes go to the upstream as the body of a CONNECT or POST
 * request, and come back as the body of its answer. Each side is read only while the other takes
 * what it sends. The end of the client's side ends the request; the end of the answer, or a reset,
 * closes the connection. Loop only.
 */
final class TunnelSession extends ChannelInboundHandlerAdapter implements UpstreamCallbacks {
  private final TcpProxyConfig config;
  private final TunnelSettings tunnel;
  private final ClientSide client;
  private final LoopContext loop;
  private final Channel downstream;
  private final ChannelWriter writer;
  private final StreamInfo info;
  private final HeaderBlock response = new HeaderBlock();
  private @Nullable ConnectionPool leasing;
  private @Nullable UpstreamStream upstream;
  private boolean established;
  private boolean inRead;

  TunnelSession(TcpProxyConfig config, TunnelSettings tunnel, DownstreamConnection connection) {
    this.config = config;
    this.tunnel = tunnel;
    this.client = new ClientSide(config, connection);
    this.loop = connection.loop();
    this.downstream = client.channel;
    this.info = client.info;
    this.writer = new ChannelWriter(downstream, loop);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    client.begin(this::finish);
    client.route(this::onHost);
  }

  private void onHost(Cluster target, Host host) {
    client.onConnecting(host);
    ConnectionPool pool = config.pools().of(loop).get(target, host, false, client.options(target));
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
      client.fail(ResponseFlag.UPSTREAM_OVERFLOW, "upstream_overflow");
      return;
    }
    retry(
        failure == PoolFailure.CONNECT_TIMEOUT
            ? "connect timeout"
            : TransportFailure.isTold(detail) ? detail : "delayed connect error: " + detail);
  }

  /** One attempt has come to nothing. */
  private void retry(String reason) {
    if (client.finished()) {
      return;
    }
    if (client.mayTryAgain()) {
      client.route(this::onHost);
      return;
    }
    info.upstreamTransportFailureReason = reason;
    info.set(ResponseFlag.UPSTREAM_RETRY_LIMIT_EXCEEDED);
    client.fail(ResponseFlag.UPSTREAM_CONNECTION_FAILURE, "upstream_connection_failure");
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
    client.onActivity();
    UpstreamStream stream = upstream;
    if (stream == null) {
      closeBehindOutput();
      return;
    }
    for (ByteBuf bytes = client.kept(); bytes != null; bytes = client.kept()) {
      send(stream, bytes);
    }
    if (upstream != stream) {
      return;
    }
    if (client.ended) {
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
    client.onSent(data.readableBytes());
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
    if (established) {
      client.setReading(writable);
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
    client.onReceived(bytes.readableBytes());
    UpstreamStream stream = upstream;
    if (client.finished() || (established && stream == null)) {
      bytes.release();
    } else if (!established || stream == null) {
      client.keep(bytes);
    } else {
      send(stream, bytes);
      if (upstream == stream && !stream.isWritable()) {
        client.setReading(false);
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
    if (event instanceof ChannelInputShutdownEvent && !client.ended) {
      client.ended = true;
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
    client.finish();
    writer.discard();
    drop();
    client.log();
  }
}
