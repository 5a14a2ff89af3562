package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.ClusterSettings;
import io.meltemi.proxy.loop.ChannelWriter;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.telemetry.TlsInfo;
import io.meltemi.proxy.transport.UpstreamTransport;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a pool, of either version of HTTP: its life and its numbers. A subclass knows
 * how many streams it takes and what its bytes mean. Loop only.
 */
abstract class ClientConnection extends ChannelInboundHandlerAdapter {
  private final class IdleTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      pool.stats().cxIdleTimeout.inc();
      closeLocally();
    }
  }

  final ConnectionPool pool;
  final LoopContext loop;
  final ClusterSettings.Http settings;
  private final boolean counted;
  private final long createdNanos;
  private final IdleTimer idleTimer = new IdleTimer();
  private @Nullable Channel channel;
  private @Nullable ChannelWriter writer;
  private @Nullable TlsInfo tls;
  private boolean open;
  private boolean inRead;
  private long writtenBefore;

  /** Whether it is in the pool's list of connections with room. */
  boolean listed;

  ClientConnection(ConnectionPool pool, boolean counted, long createdNanos) {
    this.pool = pool;
    this.loop = pool.loop();
    this.settings = pool.cluster().settings().http();
    this.counted = counted;
    this.createdNanos = createdNanos;
  }

  // ---- for the pool

  /** Whether it holds a place in the circuit breaker. */
  final boolean isCounted() {
    return counted;
  }

  /** The channel is connected and its handshake done. */
  void connected(Channel newChannel) {
    if (channel == null) {
      channel = newChannel;
      writer = new ChannelWriter(newChannel, loop);
      tls = UpstreamTransport.infoOf(newChannel);
      open = true;
    }
  }

  /** Whether a further stream can begin now. */
  abstract boolean hasRoom();

  /** How many further streams can begin now. */
  abstract int room();

  /** Whether it carries no stream. */
  abstract boolean isIdle();

  /** Begins a stream, only when there is room. */
  abstract UpstreamStream begin(UpstreamCallbacks callbacks);

  /** No stream is under way and none waits. */
  void startIdle() {
    if (settings.idleTimeoutNanos() > 0) {
      loop.timers().start(idleTimer, settings.idleTimeoutNanos());
    }
  }

  final void stopIdle() {
    loop.timers().cancel(idleTimer);
  }

  /** Takes no further stream, and closes behind the last one: now when there is none. */
  abstract void drain();

  // ---- for the subclass

  final boolean isOpen() {
    return open;
  }

  final Channel channel() {
    Channel present = channel;
    if (present == null) {
      throw new IllegalStateException("not connected");
    }
    return present;
  }

  final ChannelWriter writer() {
    ChannelWriter present = writer;
    if (present == null) {
      throw new IllegalStateException("not connected");
    }
    return present;
  }

  /** What TLS found about the connection; null on a plain one. */
  public final @Nullable TlsInfo tls() {
    return tls;
  }

  final long ageNanos() {
    return loop.nanos() - createdNanos;
  }

  /** Closes at once; what was not flushed is lost. */
  final void closeLocally() {
    if (open) {
      pool.stats().cxDestroyLocal.inc();
      ended();
      onClosed();
      channel().close();
    }
  }

  private void ended() {
    open = false;
    stopIdle();
    pool.stats().cxDestroy.inc();
    pool.stats().cxLengthMs.record(TimeUnit.NANOSECONDS.toMillis(ageNanos()));
    pool.gone(this);
    writer().discard();
  }

  /** The connection is no longer open, whoever ended it: its streams hear it. Called once. */
  abstract void onClosed();

  /** Works off what was read; the buffer stays the caller's. */
  abstract void read(ByteBuf in);

  @Override
  public final void channelRead(ChannelHandlerContext context, Object message) {
    if (!inRead) {
      inRead = true;
      loop.enter();
    }
    connected(context.channel());
    ByteBuf in = (ByteBuf) message;
    try {
      pool.stats().cxRxBytesTotal.add(in.readableBytes());
      read(in);
    } finally {
      in.release();
    }
  }

  @Override
  public final void channelReadComplete(ChannelHandlerContext context) {
    if (inRead) {
      inRead = false;
      loop.exit();
      ChannelWriter out = writer;
      if (out != null) {
        long written = out.written();
        pool.stats().cxTxBytesTotal.add(written - writtenBefore);
        writtenBefore = written;
      }
    }
  }

  @Override
  public final void channelInactive(ChannelHandlerContext context) {
    if (open) {
      pool.stats().cxDestroyRemote.inc();
      ended();
      onClosed();
    }
  }

  @Override
  public final void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // the peer is gone or the pipeline is broken: the end of the channel tells the streams
    context.close();
  }
}
