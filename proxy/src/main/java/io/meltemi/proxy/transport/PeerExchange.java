package io.meltemi.proxy.transport;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/**
 * Sends this proxy's metadata as the first bytes of a connection and takes the peer's away, where
 * both agreed on that by ALPN ({@code istio-peer-exchange}). A peer that agreed and sends none is
 * served all the same: its bytes go on as they are. Event loop of the connection.
 */
public final class PeerExchange extends ChannelInboundHandlerAdapter {
  private static final int HEAD_BYTES = 8;

  /** What a peer may send of itself. */
  private static final int BODY_BYTES_MAX = 64 << 10;

  private final PeerMetadata own;
  private final Stats stats;
  private @Nullable ByteBuf read;
  private boolean done;

  /** Whether all of what was read was kept, so that whoever asked for bytes still waits. */
  private boolean hungry;

  /** The numbers of one proxy, {@code metadata_exchange.}. */
  public record Stats(
      Counter alpnFound,
      Counter alpnNotFound,
      Counter headMissing,
      Counter bodyTooLong,
      Counter added) {
    /** Made in the root scope of all stats. */
    public static Stats of(StatScope scope) {
      return new Stats(
          scope.counter("alpn_protocol_found"),
          scope.counter("alpn_protocol_not_found"),
          scope.counter("initial_header_not_found"),
          scope.counter("header_not_found"),
          scope.counter("metadata_added"));
    }
  }

  public PeerExchange(PeerMetadata own, Stats stats) {
    this.own = own;
    this.stats = stats;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    stats.alpnFound.inc();
    ctx.writeAndFlush(Unpooled.wrappedBuffer(own.frame()), ctx.voidPromise());
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    release();
  }

  private void release() {
    if (read != null) {
      read.release();
      read = null;
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    pass(ctx);
    ctx.fireChannelInactive();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (done || !(message instanceof ByteBuf bytes)) {
      ctx.fireChannelRead(message);
      return;
    }
    ByteBuf all = bytes;
    if (read != null) {
      all = ctx.alloc().buffer(read.readableBytes() + bytes.readableBytes());
      all.writeBytes(read).writeBytes(bytes);
      release();
      bytes.release();
    }
    read = all;
    hungry = true;
    int length = bodyLength(all);
    if (length < 0) {
      pass(ctx);
    } else if (all.readableBytes() >= HEAD_BYTES + length) {
      all.skipBytes(HEAD_BYTES + length);
      stats.added.inc();
      pass(ctx);
    }
  }

  /** Length of the peer's metadata, 0 while it is not known; -1 when there is none. */
  private int bodyLength(ByteBuf bytes) {
    int start = bytes.readerIndex();
    for (int i = 0; i < Math.min(Integer.BYTES, bytes.readableBytes()); i++) {
      if (bytes.getByte(start + i) != (byte) (PeerMetadata.MAGIC >>> (24 - 8 * i))) {
        stats.headMissing.inc();
        return -1;
      }
    }
    if (bytes.readableBytes() < HEAD_BYTES) {
      return 0;
    }
    int length = bytes.getInt(start + Integer.BYTES);
    if (length < 0 || length > BODY_BYTES_MAX) {
      stats.bodyTooLong.inc();
      return -1;
    }
    return length;
  }

  /** Gives what was kept to the next handler, and everything from now on. */
  private void pass(ChannelHandlerContext ctx) {
    done = true;
    ByteBuf rest = read;
    read = null;
    if (rest == null) {
      return;
    }
    if (rest.isReadable()) {
      hungry = false;
      ctx.fireChannelRead(rest);
    } else {
      rest.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    ctx.fireChannelReadComplete();
    if (hungry && !ctx.channel().config().isAutoRead()) {
      ctx.read();
    }
    hungry = false;
  }
}
