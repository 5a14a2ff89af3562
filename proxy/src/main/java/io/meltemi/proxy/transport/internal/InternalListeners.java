package io.meltemi.proxy.transport.internal;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import java.net.ConnectException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The listeners that are reached from inside the proxy only, by name. Told by the configuration
 * thread; any event loop connects.
 */
public final class InternalListeners {
  private volatile Map<String, Acceptor> acceptors = Map.of();

  /** Takes connections. */
  public interface Acceptor {
    /**
     * Puts handlers into the pipeline of a connection, which becomes active afterwards. Called on
     * the connection's loop.
     */
    void accept(Channel channel, Passed passed);
  }

  /** Puts others in the place of all listeners; connections live on. */
  public void replaceAll(Map<String, Acceptor> others) {
    acceptors = Map.copyOf(others);
  }

  /**
   * Connects to a listener.
   *
   * @param loop on which this is called and both ends live
   * @param handler of the connecting end, in place from the beginning
   * @return completes on that loop, later; fails when there is no such listener
   */
  public ChannelFuture connect(
      EventLoop loop,
      InternalAddress address,
      Passed passed,
      WriteBufferWaterMark waterMark,
      ChannelHandler handler) {
    Acceptor acceptor = acceptors.get(address.listener());
    InternalChannel client = new InternalChannel(InternalAddress.CLIENT, address);
    client.config().setWriteBufferWaterMark(waterMark);
    client.pipeline().addLast(handler);
    ChannelPromise connected = client.newPromise();
    loop.register(client);
    InternalChannel server =
        acceptor == null ? null : new InternalChannel(address, InternalAddress.CLIENT);
    if (server != null) {
      client.join(server);
      server.config().setAutoRead(false);
      loop.register(server);
    }
    loop.execute(() -> finish(acceptor, client, server, passed, connected));
    return connected;
  }

  private static void finish(
      @Nullable Acceptor acceptor,
      InternalChannel client,
      @Nullable InternalChannel server,
      Passed passed,
      ChannelPromise connected) {
    if (acceptor == null || server == null || !client.isOpen()) {
      if (connected.tryFailure(new ConnectException("no listener " + client.remoteAddress()))) {
        client.close();
      }
      if (server != null) {
        server.close();
      }
      return;
    }
    acceptor.accept(server, passed);
    server.activate();
    client.activated();
    connected.trySuccess();
    client.activate();
  }
}
