package io.meltemi.proxy.parse;

import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.CidrRange;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** Envoy addresses to Java ones; nothing here resolves a name. */
public final class AddressParser {
  private static final SupportedFields ADDRESS =
      SupportedFields.of(Address.class, "socket_address");
  private static final SupportedFields SOCKET =
      SupportedFields.of(SocketAddress.class, "protocol", "address", "port_value", "ipv4_compat");
  private static final SupportedFields CIDR =
      SupportedFields.of(CidrRange.class, "address_prefix", "prefix_len");

  private AddressParser() {}

  /** A TCP address with a literal IP; empty with an error when it is anything else. */
  public static Optional<InetSocketAddress> ip(Address proto, ParseScope scope) {
    if (!ADDRESS.check(proto, scope)) {
      return Optional.empty();
    }
    if (!proto.hasSocketAddress()) {
      scope.error("no address", "a socket_address");
      return Optional.empty();
    }
    SocketAddress socket = proto.getSocketAddress();
    ParseScope at = scope.field("socket_address");
    SOCKET.check(socket, at);
    if (socket.getProtocol() != SocketAddress.Protocol.TCP) {
      at.field("protocol").unsupported(String.valueOf(socket.getProtocol()));
      return Optional.empty();
    }
    if (socket.getPortValue() < 0 || socket.getPortValue() > 65535) {
      at.field("port_value").error(Integer.toUnsignedString(socket.getPortValue()), "0 to 65535");
      return Optional.empty();
    }
    return literal(socket.getAddress(), at.field("address"))
        .map(address -> new InetSocketAddress(address, socket.getPortValue()));
  }

  /** A literal IPv4 or IPv6 address. */
  public static Optional<InetAddress> literal(String text, ParseScope scope) {
    byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
    if (bytes == null) {
      scope.error("\"" + text + "\"", "an IP address");
      return Optional.empty();
    }
    try {
      return Optional.of(InetAddress.getByAddress(bytes));
    } catch (UnknownHostException e) {
      throw new IllegalStateException(text, e);
    }
  }

  /** The address of a CIDR range; its length is {@link #prefixLength}. */
  public static Optional<InetAddress> prefix(CidrRange proto, ParseScope scope) {
    CIDR.check(proto, scope);
    Optional<InetAddress> address =
        literal(proto.getAddressPrefix(), scope.field("address_prefix"));
    return address.filter(
        known -> {
          int bitsMax = known.getAddress().length * 8;
          int bits = prefixLength(proto);
          if (bits < 0 || bits > bitsMax) {
            scope.field("prefix_len").error(Integer.toUnsignedString(bits), "0 to " + bitsMax);
            return false;
          }
          return true;
        });
  }

  /** The prefix length; 0 when unset. */
  public static int prefixLength(CidrRange proto) {
    return proto.getPrefixLen().getValue();
  }
}
