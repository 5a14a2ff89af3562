package io.meltemi.proxy.cluster;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Hosts that requests name themselves ({@code OverrideHost}). Any event loop. */
final class WantedHosts {
  private WantedHosts() {}

  /**
   * The host for this attempt: of those that are named and known, the one after those that were
   * tried. As in Envoy its health is not asked for, and what is no address is passed over.
   *
   * @return null when there is none
   */
  static @Nullable Host choose(
      LbContext context, List<HostSource> sources, Map<SocketAddress, Host> hosts) {
    for (int i = 0; i < sources.size(); i++) {
      String text = context.wantedHosts(sources.get(i));
      if (text != null) {
        return choose(text, context.attempt(), hosts);
      }
    }
    return null;
  }

  private static @Nullable Host choose(String text, int attempt, Map<SocketAddress, Host> hosts) {
    int found = 0;
    for (String part : text.split(",", -1)) {
      InetSocketAddress address = address(part.strip());
      Host host = address == null ? null : hosts.get(address);
      if (host != null && found++ == attempt) {
        return host;
      }
    }
    return null;
  }

  private static @Nullable InetSocketAddress address(String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      return null;
    }
    String ip = text.substring(0, colon);
    boolean bracketed = ip.startsWith("[") && ip.endsWith("]");
    if (bracketed) {
      ip = ip.substring(1, ip.length() - 1);
    }
    String port = text.substring(colon + 1);
    boolean number =
        !port.isEmpty() && port.length() <= 5 && port.chars().allMatch(c -> c >= '0' && c <= '9');
    boolean valid = bracketed ? NetUtil.isValidIpV6Address(ip) : NetUtil.isValidIpV4Address(ip);
    InetAddress address = valid ? NetUtil.createInetAddressFromIpAddressString(ip) : null;
    return address == null || !number || Integer.parseInt(port) > 0xFFFF
        ? null
        : new InetSocketAddress(address, Integer.parseInt(port));
  }
}
