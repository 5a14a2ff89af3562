package io.meltemi.proxy.upstream;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Holds the place of a connection until it is known what it speaks, and what comes until then. A
 * handshake is over before its bytes are read, so that this is little.
 */
final class EarlyReads extends ChannelInboundHandlerAdapter {
  private final List<Object> messages = new ArrayList<>(1);
  private @Nullable ChannelHandlerContext context;
  private @Nullable ClientConnection successor;

  @Override
  public void handlerAdded(ChannelHandlerContext newContext) {
    context = newContext;
  }

  @Override
  public void channelRead(ChannelHandlerContext from, Object message) {
    messages.add(message);
  }

  /** The connection takes this handler's place. */
  void replaceBy(ClientConnection connection) {
    ChannelHandlerContext present = context;
    if (present != null && !present.isRemoved()) {
      successor = connection;
      present.pipeline().replace(this, null, connection);
    }
  }

  /** Passes on what has come. */
  void replay() {
    ClientConnection to = successor;
    ChannelHandlerContext after = to == null ? null : to.channel().pipeline().context(to);
    if (to == null || after == null || messages.isEmpty()) {
      release();
      return;
    }
    for (Object message : messages) {
      to.channelRead(after, message);
    }
    messages.clear();
    to.channelReadComplete(after);
  }

  private void release() {
    messages.forEach(io.netty.util.ReferenceCountUtil::release);
    messages.clear();
  }

  @Override
  public void channelInactive(ChannelHandlerContext from) {
    release();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext from, Throwable cause) {
    // the connect or the handshake failed: its future tells
    from.close();
  }
}
