package io.meltemi.proxy.transport;

import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;

/** The end of what we send on a connection, while the peer may go on sending. */
public final class OutputEnd {
  private OutputEnd() {}

  /**
   * Tells the peer that no more comes, behind everything written before: TLS says so itself
   * (close_notify, RFC 8446 section 6.1), then TCP does. Event loop of the channel only.
   */
  public static void send(DuplexChannel channel) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    if (tls == null) {
      channel.shutdownOutput();
    } else {
      tls.closeOutbound().addListener(_ -> channel.shutdownOutput());
    }
  }
}
