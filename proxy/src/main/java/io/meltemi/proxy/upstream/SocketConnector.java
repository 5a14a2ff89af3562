package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterSettings;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.transport.ProxyHeader;
import io.meltemi.proxy.transport.TransportFailure;
import io.meltemi.proxy.transport.TransportOptions;
import io.meltemi.proxy.transport.UpstreamTransport;
import io.meltemi.proxy.transport.internal.InternalAddress;
import io.meltemi.proxy.transport.internal.InternalListeners;
import io.meltemi.proxy.transport.internal.Passed;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.security.cert.CertificateException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/** Connects sockets, with TLS where the cluster says so for the host. */
public final class SocketConnector implements Connector {
  private static final ChannelFactory<Channel> PIPES = NioDomainSocketChannel::new;

  private final ChannelFactory<? extends Channel> channels;
  private final InternalListeners inside;

  /**
   * @param channels makes the socket channels that fit the event loops
   */
  public SocketConnector(ChannelFactory<? extends Channel> channels) {
    this(channels, new InternalListeners());
  }

  /**
   * @param channels makes the socket channels that fit the event loops
   * @param inside what hosts inside the proxy are reached through
   */
  public SocketConnector(ChannelFactory<? extends Channel> channels, InternalListeners inside) {
    this.channels = channels;
    this.inside = inside;
  }

  @Override
  public ChannelFuture connect(
      EventLoop loop,
      Cluster cluster,
      Host host,
      TransportOptions options,
      ChannelHandler handler) {
    Optional<UpstreamTransport> transport = cluster.transport(host);
    return transport.isEmpty()
        ? introduced(loop, cluster, host, options, handler)
        : new Securing(cluster, host, options, transport.get()).connect(loop, handler);
  }

  /** As {@link #connect}; the host is told of the client before anything else is written. */
  private ChannelFuture introduced(
      EventLoop loop,
      Cluster cluster,
      Host host,
      TransportOptions options,
      ChannelHandler handler) {
    ChannelFuture connected =
        connect(loop, cluster.settings().connection(), host, options, handler);
    ProxyHeader header = cluster.tellsClients() ? cluster.proxyHeader(host).orElse(null) : null;
    if (header != null) {
      connected.addListener(
          _ -> {
            if (connected.isSuccess()) {
              Channel channel = connected.channel();
              ByteBuf bytes =
                  header.encode(
                      channel.alloc(),
                      options.client().orElse(null),
                      channel.localAddress(),
                      channel.remoteAddress());
              channel.writeAndFlush(bytes, channel.voidPromise());
            }
          });
    }
    return connected;
  }

  private ChannelFuture connect(
      EventLoop loop,
      ClusterSettings.Connection settings,
      Host host,
      TransportOptions options,
      ChannelHandler handler) {
    int limit = settings.bufferLimitBytes();
    if (host.address() instanceof InternalAddress address) {
      return inside.connect(
          loop,
          address,
          new Passed(options.passed(), host.tunnelMetadata()),
          new WriteBufferWaterMark(limit / 2, limit),
          handler);
    }
    boolean isPipe = host.address() instanceof UnixDomainSocketAddress;
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channelFactory(isPipe ? PIPES : channels)
            .handler(handler)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                (int) Math.min(timeoutMillis(settings), Integer.MAX_VALUE))
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(limit / 2, limit));
    if (host.address() instanceof java.net.InetSocketAddress) {
      bootstrap.option(ChannelOption.TCP_NODELAY, true);
      if (settings.keepalive().isPresent()) {
        bootstrap.option(ChannelOption.SO_KEEPALIVE, true);
      }
    }
    ChannelFuture connected =
        settings.source().isPresent() && !isPipe
            ? bootstrap.connect(host.address(), settings.source().get())
            : bootstrap.connect(host.address());
    if (settings.keepalive().isPresent() && !isPipe && connected.channel().isOpen()) {
      time(connected.channel(), settings.keepalive().get());
    }
    return connected;
  }

  /** Sets the numbers of TCP keep-alive that are not left to the system. */
  private static void time(Channel channel, ClusterSettings.Keepalive keepalive) {
    boolean epoll = channel instanceof EpollSocketChannel;
    set(
        channel,
        epoll
            ? EpollChannelOption.TCP_KEEPIDLE
            : NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE),
        keepalive.timeSeconds());
    set(
        channel,
        epoll
            ? EpollChannelOption.TCP_KEEPINTVL
            : NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL),
        keepalive.intervalSeconds());
    set(
        channel,
        epoll
            ? EpollChannelOption.TCP_KEEPCNT
            : NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT),
        keepalive.probes());
  }

  private static void set(Channel channel, ChannelOption<Integer> option, int value) {
    if (value > 0) {
      channel.config().setOption(option, value);
    }
  }

  private static long timeoutMillis(ClusterSettings.Connection settings) {
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(settings.connectTimeoutNanos()));
  }

  /** One connection until its handshake is done; the connect timeout holds for both together. */
  private final class Securing {
    private final Cluster cluster;
    private final Host host;
    private final TransportOptions options;
    private final UpstreamTransport transport;
    private @Nullable ScheduledFuture<?> timeout;

    Securing(Cluster cluster, Host host, TransportOptions options, UpstreamTransport transport) {
      this.cluster = cluster;
      this.host = host;
      this.options = options;
      this.transport = transport;
    }

    ChannelFuture connect(EventLoop loop, ChannelHandler handler) {
      ChannelFuture connected = introduced(loop, cluster, host, options, handler);
      if (connected.isDone() && !connected.isSuccess()) {
        return connected;
      }
      Channel channel = connected.channel();
      ChannelPromise secured = channel.newPromise();
      connected.addListener(
          _ -> {
            if (connected.isSuccess()) {
              handshake(channel, secured);
            } else {
              fail(channel, secured, connected.cause());
            }
          });
      timeout =
          loop.schedule(
              () ->
                  fail(
                      channel,
                      secured,
                      new ConnectTimeoutException("handshake timed out: " + host.address())),
              timeoutMillis(cluster.settings().connection()),
              TimeUnit.MILLISECONDS);
      return secured;
    }

    private void handshake(Channel channel, ChannelPromise secured) {
      SslHandler tls;
      try {
        tls = transport.newHandler(channel.alloc(), options, host.hostname());
      } catch (SSLException e) {
        fail(channel, secured, e);
        return;
      }
      if (tls == null) {
        cluster.tlsStats().upstreamSecretsNotReady();
        fail(channel, secured, new IOException("TLS_error:Secret is not supplied by SDS"));
        return;
      }
      tls.handshakeFuture().addListener((Future<Channel> done) -> onHandshake(secured, done));
      channel.pipeline().addFirst(tls);
      if (!channel.config().isAutoRead()) {
        channel.read();
      }
    }

    private void onHandshake(ChannelPromise secured, Future<Channel> done) {
      Channel channel = secured.channel();
      if (secured.isDone()) {
        return;
      }
      if (!done.isSuccess()) {
        UpstreamTransport.failed(done.cause(), cluster.tlsStats());
        fail(channel, secured, named(done.cause()));
        return;
      }
      try {
        transport.finished(channel, options, host.hostname(), cluster.tlsStats());
      } catch (CertificateException e) {
        UpstreamTransport.failed(e, cluster.tlsStats());
        fail(channel, secured, named(e));
        return;
      }
      if (secured.trySuccess()) {
        cancelTimeout();
      }
    }

    private static Throwable named(Throwable cause) {
      String words = TransportFailure.describe(cause);
      return words.isEmpty() ? cause : new IOException(words, cause);
    }

    private void fail(Channel channel, ChannelPromise secured, Throwable cause) {
      cancelTimeout();
      if (secured.tryFailure(cause)) {
        channel.close();
      }
    }

    private void cancelTimeout() {
      ScheduledFuture<?> pending = timeout;
      if (pending != null) {
        timeout = null;
        pending.cancel(false);
      }
    }
  }
}
