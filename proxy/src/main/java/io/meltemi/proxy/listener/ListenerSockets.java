package io.meltemi.proxy.listener;

import io.meltemi.proxy.loop.Loops;
import io.meltemi.proxy.loop.Workers;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.UnixChannelOption;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The accepting sockets of one address: one per worker where the system shares a port among
 * sockets, else one for all. Configuration thread.
 */
final class ListenerSockets {
  private static final int BIND_SECONDS_MAX = 10;

  private final List<Channel> channels;

  private ListenerSockets(List<Channel> channels) {
    this.channels = List.copyOf(channels);
  }

  /** What accepted connections need beside their listener. */
  record Surroundings(
      Workers workers, Loops loops, ListenerTable table, AtomicLong connectionIds) {}

  /**
   * Begins to accept.
   *
   * @throws IOException naming the address and what is in the way
   */
  static ListenerSockets bind(
      InetSocketAddress address,
      Listener.Binding binding,
      ActiveListener active,
      Surroundings surroundings)
      throws IOException {
    Workers workers = surroundings.workers();
    boolean shared = workers.isEpoll() && binding.reusePort() && workers.loops().size() > 1;
    List<Channel> channels = new ArrayList<>();
    try {
      if (!shared) {
        channels.add(
            bind(
                address,
                binding,
                active,
                surroundings,
                workers.loops().getFirst(),
                workers.group(),
                false));
        return new ListenerSockets(channels);
      }
      // a shared port would silently split connections with any other program that shares it
      probe(address);
      InetSocketAddress actual = address;
      for (EventLoop loop : workers.loops()) {
        Channel channel = bind(actual, binding, active, surroundings, loop, loop, true);
        channels.add(channel);
        actual = (InetSocketAddress) channel.localAddress();
      }
      return new ListenerSockets(channels);
    } catch (IOException e) {
      channels.forEach(Channel::close);
      throw new IOException(
          "cannot listen on "
              + text(address)
              + ": "
              + e.getMessage()
              + PortHolder.describe(address),
          e);
    }
  }

  static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  private static void probe(InetSocketAddress address) throws IOException {
    if (address.getPort() == 0) {
      return;
    }
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(address, 1);
    }
  }

  private static Channel bind(
      InetSocketAddress address,
      Listener.Binding binding,
      ActiveListener active,
      Surroundings surroundings,
      EventLoop acceptLoop,
      EventLoopGroup children,
      boolean reusePort)
      throws IOException {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(acceptLoop, children)
            .channelFactory(surroundings.workers().servers())
            .option(ChannelOption.SO_BACKLOG, binding.backlog())
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new ConnectionAcceptor(
                                active,
                                surroundings.table(),
                                surroundings.connectionIds(),
                                surroundings.loops().get(channel.eventLoop())));
                  }
                });
    if (reusePort) {
      bootstrap.option(UnixChannelOption.SO_REUSEPORT, true);
    }
    ChannelFuture bound = bootstrap.bind(address);
    if (!bound.awaitUninterruptibly(BIND_SECONDS_MAX, TimeUnit.SECONDS)) {
      bound.channel().close();
      throw new IOException("no answer within " + BIND_SECONDS_MAX + " s");
    }
    if (bound.cause() instanceof IOException e) {
      throw e;
    }
    if (bound.cause() != null) {
      throw new IOException(bound.cause());
    }
    return bound.channel();
  }

  /** Where it really listens, the port chosen by the system included. */
  InetSocketAddress address() {
    return (InetSocketAddress) channels.getFirst().localAddress();
  }

  /** Stops to accept; accepted connections go on. Returns when the port is free. */
  void close() {
    List<ChannelFuture> closing = channels.stream().map(Channel::close).toList();
    for (ChannelFuture future : closing) {
      if (!future.awaitUninterruptibly(BIND_SECONDS_MAX, TimeUnit.SECONDS)) {
        throw new IllegalStateException("a listening socket does not close");
      }
    }
  }
}
