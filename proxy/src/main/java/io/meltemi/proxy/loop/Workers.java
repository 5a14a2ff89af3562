package io.meltemi.proxy.loop;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.JdkLoggerFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The event loops that carry traffic, and the sockets that fit them. Any thread. */
public final class Workers implements AutoCloseable {
  private final EventLoopGroup group;
  private final List<EventLoop> loops;
  private final boolean epoll;

  private Workers(EventLoopGroup group, boolean epoll) {
    this.group = group;
    this.epoll = epoll;
    List<EventLoop> all = new ArrayList<>();
    for (EventExecutor executor : group) {
      all.add((EventLoop) executor);
    }
    this.loops = List.copyOf(all);
  }

  /** Loops over epoll where that loads, over NIO elsewhere. */
  public static Workers start(int count, String threadName) {
    return start(count, threadName, Epoll.isAvailable());
  }

  /** Loads what the first loop and its first buffer need, so that starting them takes no time. */
  public static void load() {
    InternalLoggerFactory.setDefaultFactory(JdkLoggerFactory.INSTANCE);
    ByteBufAllocator.DEFAULT.directBuffer(64).release();
    if (!Epoll.isAvailable()) {
      NioIoHandler.newFactory();
    }
    NetUtil.isIpV4StackPreferred();
  }

  /** Loops over NIO, wherever. */
  public static Workers startNio(int count, String threadName) {
    return start(count, threadName, false);
  }

  private static Workers start(int count, String threadName, boolean epoll) {
    if (count < 1) {
      throw new IllegalArgumentException("workers: " + count + " (expected: >= 1)");
    }
    IoHandlerFactory handlers = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    return new Workers(
        new MultiThreadIoEventLoopGroup(
            count, new DefaultThreadFactory(threadName, true), handlers),
        epoll);
  }

  public List<EventLoop> loops() {
    return loops;
  }

  public EventLoopGroup group() {
    return group;
  }

  /** Whether sockets are epoll's: then SO_REUSEPORT and SO_ORIGINAL_DST can be had. */
  public boolean isEpoll() {
    return epoll;
  }

  public ChannelFactory<? extends ServerChannel> servers() {
    return epoll ? EpollServerSocketChannel::new : NioServerSocketChannel::new;
  }

  public ChannelFactory<? extends Channel> clients() {
    return epoll ? EpollSocketChannel::new : NioSocketChannel::new;
  }

  /** Ends every loop; what is still open on them is closed. */
  public Future<?> shutdown() {
    return group.shutdownGracefully(0, 5, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    shutdown().awaitUninterruptibly(10, TimeUnit.SECONDS);
  }
}
