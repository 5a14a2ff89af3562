package io.meltemi.proxy.transport.internal;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.internal.StringUtil;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * One end of a connection inside the proxy. It behaves like a socket: what is written stays in the
 * writer's buffer, and counts against its water marks, until the other end reads; either direction
 * can end by itself; bytes are copied once, so that each end owns what it gets. Loop only.
 */
final class InternalChannel extends AbstractChannel implements DuplexChannel {
  private static final ChannelMetadata METADATA = new ChannelMetadata(false);

  /** What one read takes at most. */
  private static final int READ_BYTES_MAX = 64 * 1024;

  private final Config config = new Config();
  private final SocketAddress local;
  private final SocketAddress remote;
  private final Runnable delivery = this::deliver;
  private @Nullable InternalChannel peer;
  private boolean open = true;
  private boolean active;
  private boolean reading;
  private boolean scheduled;
  private boolean inputEnded;
  private boolean outputEnded;

  InternalChannel(SocketAddress local, SocketAddress remote) {
    super(null);
    this.local = local;
    this.remote = remote;
  }

  /** Makes both the ends of one connection. */
  void join(InternalChannel other) {
    peer = other;
    other.peer = this;
  }

  /** It is connected, though nobody is told yet. */
  void activated() {
    active = open;
  }

  /** Tells its handlers that it is connected. */
  void activate() {
    active = open;
    if (active) {
      pipeline().fireChannelActive();
    }
  }

  /** What an option is set to, where sockets have it. */
  private final class Config extends DefaultChannelConfig {
    private boolean halfClosure;

    Config() {
      super(InternalChannel.this);
    }

    @Override
    @SuppressWarnings("unchecked") // the option's type is that of its value
    public <T> T getOption(ChannelOption<T> option) {
      return option.equals(ChannelOption.ALLOW_HALF_CLOSURE)
          ? (T) Boolean.valueOf(halfClosure)
          : super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
      if (option.equals(ChannelOption.ALLOW_HALF_CLOSURE)) {
        halfClosure = (Boolean) value;
        return true;
      }
      return super.setOption(option, value);
    }

    @Override
    protected void autoReadCleared() {
      reading = false;
    }
  }

  // ---- reading

  @Override
  protected void doBeginRead() {
    reading = true;
    InternalChannel other = peer;
    if (other != null && other.hasSomething()) {
      wake();
    }
  }

  /** Whether the other end would read something, the end included. */
  private boolean hasSomething() {
    ChannelOutboundBuffer out = unsafe().outboundBuffer();
    return (out != null && !out.isEmpty()) || outputEnded || !open;
  }

  /** Reads as soon as what runs now is over. */
  private void wake() {
    if (!scheduled && isRegistered()) {
      scheduled = true;
      eventLoop().execute(delivery);
    }
  }

  private void deliver() {
    scheduled = false;
    InternalChannel other = peer;
    if (!reading || !active || inputEnded || other == null) {
      return;
    }
    ChannelOutboundBuffer out = other.unsafe().outboundBuffer();
    ByteBuf taken = out == null || out.isEmpty() ? null : take(out);
    if (taken != null) {
      reading = false;
      pipeline().fireChannelRead(taken);
      pipeline().fireChannelReadComplete();
    } else if (other.outputEnded || !other.open) {
      reading = false;
      endInput();
    }
  }

  /** What the other end has flushed, as far as one read takes it; null for nothing. */
  private @Nullable ByteBuf take(ChannelOutboundBuffer out) {
    int wanted = (int) Math.min(READ_BYTES_MAX, Math.max(1, out.totalPendingWriteBytes()));
    ByteBuf taken = alloc().buffer(wanted, READ_BYTES_MAX);
    while (out.current() instanceof ByteBuf bytes) {
      int room = READ_BYTES_MAX - taken.readableBytes();
      if (bytes.readableBytes() <= room) {
        taken.writeBytes(bytes, bytes.readerIndex(), bytes.readableBytes());
        out.remove();
      } else {
        taken.writeBytes(bytes, bytes.readerIndex(), room);
        out.removeBytes(room);
        break;
      }
    }
    if (taken.isReadable()) {
      return taken;
    }
    taken.release();
    return null;
  }

  private void endInput() {
    inputEnded = true;
    if (config.halfClosure) {
      pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    } else {
      close();
    }
  }

  // ---- writing

  @Override
  protected Object filterOutboundMessage(Object message) {
    if (message instanceof ByteBuf) {
      return message;
    }
    throw new UnsupportedOperationException(
        "message: " + StringUtil.simpleClassName(message) + " (expected: bytes)");
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer in) throws Exception {
    InternalChannel other = peer;
    if (other == null || !other.open) {
      throw new IOException("Connection reset by peer");
    }
    if (other.inputEnded) {
      throw new IOException("Broken pipe");
    }
    if (other.reading) {
      other.wake();
    }
  }

  @Override
  protected void doShutdownOutput() {
    outputEnded = true;
    InternalChannel other = peer;
    if (other != null && other.reading) {
      other.wake();
    }
  }

  @Override
  protected void doClose() {
    open = false;
    active = false;
    InternalChannel other = peer;
    if (other != null && other.open && other.isRegistered()) {
      other.eventLoop().execute(other::onPeerClosed);
    }
  }

  /** What the other end had not read is lost, which breaks the connection. */
  private void onPeerClosed() {
    ChannelOutboundBuffer out = unsafe().outboundBuffer();
    if (open && out != null && !out.isEmpty()) {
      pipeline().fireExceptionCaught(new IOException("Connection reset by peer"));
      close();
    } else if (reading) {
      deliver();
    }
  }

  // ---- the ends

  @Override
  public boolean isInputShutdown() {
    return inputEnded || !active;
  }

  @Override
  public ChannelFuture shutdownInput() {
    return shutdownInput(newPromise());
  }

  @Override
  public ChannelFuture shutdownInput(ChannelPromise promise) {
    inputEnded = true;
    return promise.setSuccess();
  }

  @Override
  public boolean isOutputShutdown() {
    return outputEnded || !active;
  }

  @Override
  public ChannelFuture shutdownOutput() {
    return shutdownOutput(newPromise());
  }

  @Override
  public ChannelFuture shutdownOutput(ChannelPromise promise) {
    if (active && !outputEnded) {
      ((AbstractUnsafe) unsafe()).shutdownOutput(promise);
    } else {
      promise.setFailure(new ClosedChannelException());
    }
    return promise;
  }

  @Override
  public boolean isShutdown() {
    return isInputShutdown() && isOutputShutdown();
  }

  @Override
  public ChannelFuture shutdown() {
    return shutdown(newPromise());
  }

  @Override
  public ChannelFuture shutdown(ChannelPromise promise) {
    inputEnded = true;
    return shutdownOutput(promise);
  }

  // ---- what every channel has

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new Unsafe();
  }

  private final class Unsafe extends AbstractUnsafe {
    /** It is connected from the beginning, as far as it ever is. */
    @Override
    public void connect(SocketAddress to, SocketAddress from, ChannelPromise promise) {
      if (promise.setUncancellable() && ensureOpen(promise)) {
        safeSetFailure(promise, new AlreadyConnectedException());
      }
    }
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return true;
  }

  @Override
  protected void doRegister(ChannelPromise promise) {
    // nothing of the system is waited for
    promise.setSuccess();
  }

  @Override
  protected SocketAddress localAddress0() {
    return local;
  }

  @Override
  protected SocketAddress remoteAddress0() {
    return remote;
  }

  @Override
  protected void doBind(SocketAddress address) {
    throw new AlreadyBoundException();
  }

  @Override
  protected void doDisconnect() {
    doClose();
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public boolean isActive() {
    return active;
  }

  @Override
  public ChannelMetadata metadata() {
    return METADATA;
  }
}
