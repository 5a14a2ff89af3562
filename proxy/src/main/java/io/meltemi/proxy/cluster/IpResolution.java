package io.meltemi.proxy.cluster;

import io.meltemi.common.net.HostPort;
import io.meltemi.proxy.transport.internal.InternalAddress;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.List;

/**
 * Endpoints whose addresses are IP literals, Unix domain sockets or listeners of the proxy; nothing
 * is looked up.
 */
enum IpResolution implements Resolution {
  INSTANCE;

  private static final String PIPE = "unix:";
  private static final String INTERNAL = "envoy:";

  /** Cannot be in either part of an internal address. */
  private static final char PART = '\0';

  /** A Unix domain socket in the place of a host. */
  static HostPort pipe(String path) {
    return new HostPort(PIPE + path, 0);
  }

  /** A listener of the proxy itself in the place of a host. */
  static HostPort internal(String listener, String id) {
    return new HostPort(INTERNAL + listener + PART + id, 0);
  }

  @Override
  public List<SocketAddress> addresses(EndpointAssignment.Endpoint endpoint) {
    String host = endpoint.address().host();
    if (host.startsWith(PIPE)) {
      return List.of(UnixDomainSocketAddress.of(host.substring(PIPE.length())));
    }
    if (host.startsWith(INTERNAL)) {
      int part = host.indexOf(PART);
      return List.of(
          new InternalAddress(host.substring(INTERNAL.length(), part), host.substring(part + 1)));
    }
    byte[] bytes = NetUtil.createByteArrayFromIpAddressString(endpoint.address().host());
    if (bytes == null) {
      throw new IllegalArgumentException(
          "address: " + endpoint.address().host() + " (expected: an IP address)");
    }
    try {
      return List.of(
          new InetSocketAddress(InetAddress.getByAddress(bytes), endpoint.address().port()));
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(endpoint.address().host(), e);
    }
  }
}
