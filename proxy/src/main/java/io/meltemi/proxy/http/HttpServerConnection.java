package io.meltemi.proxy.http;

import io.meltemi.proxy.loop.ChannelWriter;
import io.meltemi.proxy.loop.Flushable;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.transport.OutputEnd;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the connections from clients have in common, whichever HTTP they speak: who is at the other
 * end, the times a connection may live and be idle, its counters, and its end behind what was
 * written. Lives on the event loop of its channel.
 */
abstract sealed class HttpServerConnection extends ChannelInboundHandlerAdapter
    implements HttpConnection permits Http1ServerConnection, Http2ServerConnection {
  private static final byte[] NO_TEXT = {};

  private final class Timer extends LoopTimer {
    @Override
    protected void onTimeout() {
      onTimer();
    }
  }

  final HttpConnectionManager manager;
  final HttpConnectionManagerSettings settings;
  final HttpConnectionManager.LoopState state;
  final LoopContext loop;
  final DownstreamConnection downstream;
  final long createdNanos;

  /** When the last stream ended; {@link #createdNanos} before the first. */
  long idleSinceNanos;

  int requests;

  private final Timer timer = new Timer();
  private final boolean tls;
  private final SocketAddress remoteAddress;
  private final @Nullable SocketAddress localAddress;
  private byte[] remoteText = NO_TEXT;
  private byte[] remoteBytes = NO_TEXT;
  private @Nullable Channel channel;
  private @Nullable ChannelWriter writer;
  private boolean inRead;
  private boolean maxDurationReached;
  private long writtenBefore;

  HttpServerConnection(
      HttpConnectionManager manager,
      HttpConnectionManager.LoopState state,
      DownstreamConnection downstream,
      long createdNanos) {
    this.manager = manager;
    this.settings = manager.settings();
    this.state = state;
    this.loop = state.loop;
    this.downstream = downstream;
    this.createdNanos = createdNanos;
    idleSinceNanos = createdNanos;
    tls = downstream.facts().tls().isPresent();
    remoteAddress = downstream.facts().remoteAddress();
    localAddress = downstream.facts().localAddress();
    if (remoteAddress instanceof InetSocketAddress inet) {
      InetAddress address = inet.getAddress();
      if (address != null) {
        remoteBytes = address.getAddress();
        remoteText = NetUtil.toAddressString(address).getBytes(StandardCharsets.US_ASCII);
      }
    }
  }

  // ---- what the versions do differently

  /** No stream is under way. */
  abstract boolean isQuiet();

  /** Whether the end is decided, and only output and the client's own end are awaited. */
  abstract boolean isClosing();

  /**
   * {@code max_connection_duration} is over.
   *
   * @return whether the connection goes on for a while
   */
  abstract boolean onDurationMax();

  /** {@code idle_timeout} is over; ends the connection. */
  abstract void onIdle();

  /** The listener drains this connection. */
  abstract void onDrain();

  // ---- the channel

  /** Takes the place in the pipeline: begins to write through {@code out} and to watch the time. */
  final void attach(Channel added, ChannelWriter out) {
    channel = added;
    writer = out;
    startTimer();
    downstream.onDrain(this::onDrain);
  }

  final Channel channel() {
    Channel present = channel;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline");
    }
    return present;
  }

  final ChannelWriter writer() {
    ChannelWriter present = writer;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline");
    }
    return present;
  }

  /** Counts a connection that nothing has counted yet. */
  final void countOpened() {
    HttpStats stats = manager.stats();
    stats.cxTotal.inc();
    stats.cxActive.inc();
    if (tls) {
      stats.cxSslTotal.inc();
      stats.cxSslActive.inc();
    }
  }

  /** As {@link #countOpened}, at the end; also stops the clock. */
  final void countClosed() {
    stopTimer();
    HttpStats stats = manager.stats();
    stats.cxActive.dec();
    if (tls) {
      stats.cxSslActive.dec();
    }
    stats.cxDestroy.inc();
    stats.cxLengthMs.record(TimeUnit.NANOSECONDS.toMillis(loop.nanos() - createdNanos));
  }

  /** Bytes have come; what is written from now on leaves at the end of the turn. */
  final void beginRead(int bytes) {
    if (!inRead) {
      inRead = true;
      loop.enter();
    }
    manager.stats().cxRxBytesTotal.add(bytes);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (inRead) {
      inRead = false;
      loop.exit();
      long written = writer().written();
      manager.stats().cxTxBytesTotal.add(written - writtenBefore);
      writtenBefore = written;
    }
  }

  @Override
  public final void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }

  // ---- time

  /** One timer for the idle and the whole life; it looks at the clock only when it fires. */
  private void startTimer() {
    long idle = settings.times().connectionIdleNanos();
    long life = settings.times().connectionNanosMax();
    long delay = Math.min(idle > 0 ? idle : Long.MAX_VALUE, life > 0 ? life : Long.MAX_VALUE);
    if (delay < Long.MAX_VALUE) {
      loop.timers().start(timer, delay);
    }
  }

  final void stopTimer() {
    loop.timers().cancel(timer);
  }

  private void onTimer() {
    if (isClosing()) {
      channel().close();
      return;
    }
    long now = loop.nanos();
    long idle = settings.times().connectionIdleNanos();
    long life = settings.times().connectionNanosMax();
    long next = Long.MAX_VALUE;
    if (life > 0 && !maxDurationReached) {
      long left = createdNanos + life - now;
      if (left <= 0) {
        maxDurationReached = true;
        manager.stats().cxMaxDurationReached.inc();
        if (!onDurationMax()) {
          return;
        }
      } else {
        next = left;
      }
    }
    if (idle > 0) {
      long left = isQuiet() ? idleSinceNanos + idle - now : idle;
      if (left <= 0) {
        manager.stats().cxIdleTimeout.inc();
        onIdle();
        return;
      }
      next = Math.min(next, left);
    }
    if (next < Long.MAX_VALUE) {
      loop.timers().start(timer, next);
    }
  }

  // ---- the end

  /**
   * Ends the connection behind what was written: the sending side first, so that a client that is
   * still sending can read the answer; then all of it, when the client has done the same or the
   * delay is over.
   */
  final void closeBehindOutput() {
    Channel present = channel();
    long delay = settings.times().delayedCloseNanos();
    if (delay == 0 || !(present instanceof DuplexChannel duplex)) {
      loop.flush(new CloseAction(present));
      return;
    }
    loop.timers().start(timer, delay);
    loop.flush(new ShutdownAction(duplex));
  }

  /** Runs behind the flush of the last response. */
  private static final class CloseAction extends Flushable {
    private final Channel channel;

    CloseAction(Channel channel) {
      this.channel = channel;
    }

    @Override
    protected void flushNow() {
      channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }
  }

  /** As {@link CloseAction}, for the sending side only. */
  private static final class ShutdownAction extends Flushable {
    private final DuplexChannel channel;

    ShutdownAction(DuplexChannel channel) {
      this.channel = channel;
    }

    @Override
    protected void flushNow() {
      channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> OutputEnd.send(channel));
    }
  }

  // ---- what streams ask

  @Override
  public final int bufferBytesMax() {
    return downstream.settings().bufferBytesMax();
  }

  @Override
  public final boolean isTls() {
    return tls;
  }

  @Override
  public final DownstreamConnection downstream() {
    return downstream;
  }

  @Override
  public final SocketAddress remoteAddress() {
    return remoteAddress;
  }

  @Override
  public final byte[] remoteAddressText() {
    return remoteText;
  }

  @Override
  public final byte[] remoteAddressBytes() {
    return remoteBytes;
  }

  @Override
  public final int localPort() {
    return localAddress instanceof InetSocketAddress inet ? inet.getPort() : 0;
  }

  @Override
  public final ByteBufAllocator allocator() {
    return channel().alloc();
  }
}
