package io.meltemi.proxy.matcher;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * An IP address as numbers.
 *
 * @param high upper 64 bits; 0 for IPv4
 * @param low lower 64 bits; the address in its lower 32 for IPv4
 */
public record IpNumber(boolean v4, long high, long low) {
  /** The IP address of a socket; null when it has none. Allocates. */
  public static @Nullable IpNumber of(@Nullable SocketAddress address) {
    if (!(address instanceof InetSocketAddress inet)) {
      return null;
    }
    InetAddress ip = inet.getAddress();
    if (ip == null) {
      return null;
    }
    IpRange host = IpRange.of(ip, ip.getAddress().length * 8);
    return new IpNumber(host.v4(), host.high(), host.low());
  }

  /** Without a prefix length. Allocates. */
  public String text() {
    String range = new IpRange(v4, high, low, v4 ? 32 : 128).toString();
    return range.substring(0, range.indexOf('/'));
  }

  public boolean isIn(IpRange range) {
    if (range.v4() != v4) {
      return false;
    }
    int bits = range.bits();
    if (v4) {
      return bits == 0 || (low ^ range.low()) >>> (32 - bits) == 0;
    }
    if (bits <= 64) {
      return bits == 0 || (high ^ range.high()) >>> (64 - bits) == 0;
    }
    return high == range.high() && (low ^ range.low()) >>> (128 - bits) == 0;
  }
}
