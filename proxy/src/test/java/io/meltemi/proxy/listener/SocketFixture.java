package io.meltemi.proxy.listener;

import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;

/** An accepted socket that listener filters can be tried on. */
public final class SocketFixture implements AutoCloseable {
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final AcceptedSocket socket =
      new AcceptedSocket(
          channel, new InetSocketAddress("10.0.0.1", 80), new InetSocketAddress("10.0.0.2", 4000));

  public AcceptedSocket socket() {
    return socket;
  }

  @Override
  public void close() {
    channel.finishAndReleaseAll();
  }
}
