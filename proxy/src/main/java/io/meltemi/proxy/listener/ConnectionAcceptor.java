package io.meltemi.proxy.listener;

import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.telemetry.TlsInfo;
import io.meltemi.proxy.transport.DownstreamTransport;
import io.meltemi.proxy.transport.internal.Passed;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The first handler of an accepted connection: runs the listener filters over peeked bytes, hands
 * over to the listener of the original destination, chooses the filter chain, waits for its
 * transport socket's handshake, puts its filters in place, gives them the peeked bytes and goes.
 * Owns the peeked bytes until then.
 */
final class ConnectionAcceptor extends ChannelInboundHandlerAdapter {
  private static final System.Logger LOG = System.getLogger(ConnectionAcceptor.class.getName());

  private static final String TUNNEL = "envoy.filters.listener.original_dst";

  /** Beyond this a filter that still wants more has to do without. */
  private static final int PEEKED_BYTES_MAX = 64 * 1024;

  private final ListenerTable table;
  private final AtomicLong connectionIds;
  private final LoopContext loop;
  private final Passed passed;
  private ActiveListener active;
  private Listener listener;
  private @Nullable AcceptedSocket socket;
  private List<ListenerFilter> filters = List.of();
  private int filterIndex;
  private boolean filterStarted;
  private boolean handedOff;
  private boolean done;
  private @Nullable ByteBuf peeked;
  private @Nullable FilterChain securing;
  private @Nullable ScheduledFuture<?> timeout;

  ConnectionAcceptor(
      ActiveListener active, ListenerTable table, AtomicLong connectionIds, LoopContext loop) {
    this(active, table, connectionIds, loop, Passed.NOTHING);
  }

  /**
   * @param passed what a connection from inside the proxy brings along
   */
  ConnectionAcceptor(
      ActiveListener active,
      ListenerTable table,
      AtomicLong connectionIds,
      LoopContext loop,
      Passed passed) {
    this.passed = passed;
    this.active = active;
    this.listener = active.listener();
    this.table = table;
    this.connectionIds = connectionIds;
    this.loop = loop;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    Channel channel = ctx.channel();
    if (!active.tryOpen()) {
      active.stats().cxOverflow.inc();
      done = true;
      ctx.close();
      return;
    }
    ActiveListener counted = active;
    channel.closeFuture().addListener(_ -> counted.opened());
    active.stats().preCxActive.inc();
    socket = new AcceptedSocket(channel, passed);
    begin(ctx, socket);
  }

  private void begin(ChannelHandlerContext ctx, AcceptedSocket accepted) {
    Listener.Peeking peeking = listener.peeking();
    filters = peeking.filters().stream().map(ListenerFilterConfig::newFilter).toList();
    filterIndex = 0;
    filterStarted = false;
    if (!filters.isEmpty() && peeking.timeoutNanos() > 0) {
      timeout =
          ctx.executor()
              .schedule(() -> onTimeout(ctx), peeking.timeoutNanos(), TimeUnit.NANOSECONDS);
    }
    runFilters(ctx, accepted);
  }

  private void onTimeout(ChannelHandlerContext ctx) {
    if (done || socket == null) {
      return;
    }
    active.stats().preCxTimeout.inc();
    if (listener.peeking().continueOnTimeout()) {
      finish(ctx, socket);
    } else {
      ctx.close();
    }
  }

  private void runFilters(ChannelHandlerContext ctx, AcceptedSocket accepted) {
    while (filterIndex < filters.size()) {
      ListenerFilter filter = filters.get(filterIndex);
      ListenerFilter.Status status = ListenerFilter.Status.MORE;
      if (!filterStarted) {
        filterStarted = true;
        status = filter.onAccept(accepted);
      }
      ByteBuf bytes = peeked;
      if (status == ListenerFilter.Status.MORE && bytes != null && bytes.isReadable()) {
        status = filter.onData(accepted, bytes);
        bytes.skipBytes(accepted.takeConsumedBytes());
        int max = Math.min(PEEKED_BYTES_MAX, filter.bytesMax());
        if (status == ListenerFilter.Status.MORE && bytes.readableBytes() >= max) {
          status = ListenerFilter.Status.DONE;
        }
      }
      switch (status) {
        case DONE -> {
          filterIndex++;
          filterStarted = false;
        }
        case MORE -> {
          ctx.read();
          return;
        }
        case CLOSE -> {
          ctx.close();
          return;
        }
      }
    }
    finish(ctx, accepted);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (done || socket == null) {
      bytes.release();
      return;
    }
    ByteBuf before = peeked;
    if (before == null) {
      peeked = bytes;
    } else {
      before.writeBytes(bytes);
      bytes.release();
    }
    runFilters(ctx, socket);
  }

  private void finish(ChannelHandlerContext ctx, AcceptedSocket accepted) {
    cancelTimeout();
    if (listener.peeking().handOff() && !handedOff && accepted.isLocalAddressRestored()) {
      handedOff = true;
      ActiveListener target = table.find(accepted.localAddress());
      if (target != null && target != active) {
        active.stats().preCxActive.dec();
        active = target;
        active.stats().preCxActive.inc();
        listener = target.listener();
        begin(ctx, accepted);
        return;
      }
    }
    FilterChain chain =
        listener
            .chains()
            .matcher()
            .match(accepted.query(), io.meltemi.proxy.matcher.MatchTrace.NONE);
    if (chain == null) {
      active.unmatched(accepted, loop.nanos());
      ctx.close();
    } else if (chain.filters().isEmpty()) {
      ctx.close();
    } else {
      int limit = listener.options().bufferBytesMax();
      ctx.channel()
          .config()
          .setOption(
              ChannelOption.WRITE_BUFFER_WATER_MARK,
              new WriteBufferWaterMark(Math.max(1, limit / 2), limit));
      Optional<DownstreamTransport> tls = chain.transport().tls();
      if (tls.isPresent()) {
        secure(ctx, chain, tls.get());
      } else {
        install(ctx, accepted, chain, Optional.empty());
      }
    }
  }

  /** Begins the handshake; what was peeked at is its beginning. */
  private void secure(ChannelHandlerContext ctx, FilterChain chain, DownstreamTransport transport) {
    SslHandler handler;
    try {
      handler = transport.newHandler(ctx.alloc());
    } catch (SSLException e) {
      LOG.log(System.Logger.Level.ERROR, "listener " + listener.name() + ": " + e);
      unsecured(ctx);
      return;
    }
    if (handler == null) {
      active.stats().tls().secretsNotReady();
      unsecured(ctx);
      return;
    }
    securing = chain;
    Channel channel = ctx.channel();
    channel.pipeline().addFirst(handler);
    long limitNanos = chain.transport().timeoutNanos();
    if (limitNanos > 0) {
      timeout =
          ctx.executor().schedule(() -> onTransportTimeout(ctx), limitNanos, TimeUnit.NANOSECONDS);
    }
    ByteBuf bytes = peeked;
    peeked = null;
    if (bytes != null && bytes.isReadable()) {
      channel.pipeline().fireChannelRead(bytes);
      channel.pipeline().fireChannelReadComplete();
    } else {
      releaseEmpty(bytes);
      channel.read();
    }
  }

  /** Every byte there was belonged to a listener filter. */
  private static void releaseEmpty(@Nullable ByteBuf bytes) {
    if (bytes != null) {
      bytes.release();
    }
  }

  private void onTransportTimeout(ChannelHandlerContext ctx) {
    if (!done) {
      active.stats().transportTimeout.inc();
      unsecured(ctx);
    }
  }

  /** The handshake failed; the connection counts as one that was, as in Envoy. */
  private void unsecured(ChannelHandlerContext ctx) {
    if (!done) {
      active.stats().cxTotal.inc();
      active.stats().cxDestroy.inc();
    }
    abandon();
    ctx.close();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    FilterChain chain = securing;
    AcceptedSocket accepted = socket;
    if (done
        || chain == null
        || accepted == null
        || !(event instanceof SslHandshakeCompletionEvent completion)) {
      ctx.fireUserEventTriggered(event);
      return;
    }
    if (!completion.isSuccess()) {
      DownstreamTransport.failed(completion.cause(), active.stats().tls());
      unsecured(ctx);
      return;
    }
    cancelTimeout();
    SslHandler handler = ctx.pipeline().get(SslHandler.class);
    TlsInfo found = chain.transport().tls().orElseThrow().finished(handler, active.stats().tls());
    install(ctx, accepted, chain, Optional.of(found));
  }

  private void install(
      ChannelHandlerContext ctx,
      AcceptedSocket accepted,
      FilterChain chain,
      Optional<TlsInfo> tls) {
    done = true;
    active.stats().preCxActive.dec();
    Channel channel = ctx.channel();
    DownstreamConnection connection =
        new DownstreamConnection(
            channel,
            loop,
            new DownstreamConnection.Facts(
                connectionIds.incrementAndGet(),
                accepted.localAddress(),
                accepted.directRemoteAddress(),
                accepted.remoteAddress(),
                accepted.serverName(),
                accepted.transportProtocol(),
                accepted.applicationProtocols(),
                tls),
            new DownstreamConnection.Settings(
                listener.options().bufferBytesMax(),
                listener.name(),
                chain.name(),
                listener.options().direction() == Listener.Direction.OUTBOUND));
    connection.filterState(accepted.passed().state());
    if (!accepted.passed().tunnel().isEmpty()) {
      connection.dynamicMetadata().add(TUNNEL, accepted.passed().tunnel());
    }
    for (NetworkFilterConfig filter : chain.filters()) {
      filter.install(connection);
      if (connection.isRefused()) {
        break;
      }
    }
    active.track(connection, chain);
    ByteBuf bytes = peeked;
    peeked = null;
    ctx.pipeline().remove(this);
    if (bytes != null && bytes.isReadable() && !connection.isRefused()) {
      channel.pipeline().fireChannelRead(bytes);
      channel.pipeline().fireChannelReadComplete();
    } else {
      releaseEmpty(bytes);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    abandon();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // a connection that fails before it means anything is just closed
    ctx.close();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    abandon();
  }

  private void abandon() {
    cancelTimeout();
    if (!done && socket != null) {
      active.stats().preCxActive.dec();
    }
    done = true;
    ByteBuf bytes = peeked;
    if (bytes != null) {
      peeked = null;
      bytes.release();
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
