package io.meltemi.proxy.http;

import java.net.SocketAddress;
import java.util.Optional;

/**
 * What the listener found out about a connection.
 *
 * @param localAddress where the client wanted to go, when that is not the socket's own address
 * @param remoteAddress the client, when that is not the socket's peer (PROXY protocol)
 * @param serverName the TLS server name; empty for none
 */
public record ConnectionAttributes(
    Optional<SocketAddress> localAddress,
    Optional<SocketAddress> remoteAddress,
    String serverName,
    String filterChainName,
    boolean tls) {
  public static final ConnectionAttributes NONE =
      new ConnectionAttributes(Optional.empty(), Optional.empty(), "", "", false);
}
