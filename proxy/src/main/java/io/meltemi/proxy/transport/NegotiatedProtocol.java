package io.meltemi.proxy.transport;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;

/** What a connection's ends agreed to speak over TLS (ALPN, RFC 7301). */
public final class NegotiatedProtocol {
  private NegotiatedProtocol() {}

  /**
   * The protocol of a channel whose handshake is done, such as {@code h2} or {@code http/1.1};
   * empty without TLS, and when the ends agreed on none. Event loop of the channel only.
   */
  public static String of(Channel channel) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    String protocol = tls == null ? null : tls.applicationProtocol();
    return protocol == null ? "" : protocol;
  }
}
