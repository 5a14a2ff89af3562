package io.meltemi.proxy.rbac;

import io.meltemi.proxy.matcher.IpNumber;
import io.meltemi.proxy.telemetry.TlsInfo;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What access control may ask about a connection, made ready for comparing: once for each
 * connection instead of for each request. Event loop of the connection only.
 */
public final class ConnectionFacts {
  private final SocketAddress remoteAddress;
  private final @Nullable IpNumber local;
  private final @Nullable IpNumber directRemote;
  private final @Nullable IpNumber remote;
  private final int localPort;
  private final byte[] serverName;
  private final @Nullable TlsInfo tls;
  private byte @Nullable [][] principals;

  /**
   * The ends of a connection.
   *
   * @param local where the client wanted to go
   * @param directRemote the peer of the socket
   * @param remote the client: the peer, or what the PROXY protocol says
   */
  public record Addresses(SocketAddress local, SocketAddress directRemote, SocketAddress remote) {}

  public ConnectionFacts(Addresses addresses, String serverName, Optional<TlsInfo> tls) {
    this.remoteAddress = addresses.remote();
    this.local = IpNumber.of(addresses.local());
    this.directRemote = IpNumber.of(addresses.directRemote());
    this.remote = IpNumber.of(addresses.remote());
    this.localPort = addresses.local() instanceof InetSocketAddress inet ? inet.getPort() : -1;
    this.serverName = serverName.getBytes(StandardCharsets.UTF_8);
    this.tls = tls.orElse(null);
  }

  SocketAddress remoteAddress() {
    return remoteAddress;
  }

  @Nullable IpNumber local() {
    return local;
  }

  @Nullable IpNumber directRemote() {
    return directRemote;
  }

  @Nullable IpNumber remote() {
    return remote;
  }

  /** -1 when the local address is not an IP address. */
  int localPort() {
    return localPort;
  }

  byte[] serverName() {
    return serverName;
  }

  boolean isTls() {
    return tls != null;
  }

  /**
   * The names that a peer is known by: the URIs and DNS names of its certificate and then its
   * subject, which may be empty. Without TLS there is none.
   */
  byte[][] principals() {
    byte[][] known = principals;
    if (known == null) {
      List<String> names = new ArrayList<>();
      if (tls != null) {
        names.addAll(tls.peer().uriSans());
        names.addAll(tls.peer().dnsSans());
        names.add(tls.peer().subject());
      }
      known =
          names.stream().map(name -> name.getBytes(StandardCharsets.UTF_8)).toArray(byte[][]::new);
      principals = known;
    }
    return known;
  }
}
