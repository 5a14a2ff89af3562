package io.meltemi.proxy.matcher;

import java.net.InetAddress;

/**
 * A CIDR range of IPv4 or IPv6 addresses; the bits behind the prefix are 0.
 *
 * @param high upper 64 bits of the address; 0 for IPv4
 * @param low lower 64 bits; the address in its lower 32 for IPv4
 * @param bits length of the prefix: 0 to 32 or 0 to 128
 */
public record IpRange(boolean v4, long high, long low, int bits) {
  public IpRange {
    if (bits < 0 || bits > (v4 ? 32 : 128)) {
      throw new IllegalArgumentException(
          "prefix: " + bits + " (expected: 0 to " + (v4 ? 32 : 128) + ")");
    }
    if (v4) {
      low &= bits == 0 ? 0 : (-1L << (32 - bits)) & 0xFFFF_FFFFL;
    } else if (bits <= 64) {
      high &= bits == 0 ? 0 : -1L << (64 - bits);
      low = 0;
    } else {
      low &= -1L << (128 - bits);
    }
  }

  /** The range of that length around an address. */
  public static IpRange of(InetAddress address, int bits) {
    byte[] bytes = address.getAddress();
    if (bytes.length == 4) {
      return new IpRange(true, 0, number(bytes, 0, 4), bits);
    }
    return new IpRange(false, number(bytes, 0, 8), number(bytes, 8, 8), bits);
  }

  private static long number(byte[] bytes, int start, int length) {
    long value = 0;
    for (int i = start; i < start + length; i++) {
      value = value << 8 | (bytes[i] & 0xFF);
    }
    return value;
  }

  public boolean contains(InetAddress address) {
    boolean sameFamily = (address.getAddress().length == 4) == v4;
    return sameFamily && of(address, bits).equals(this);
  }

  @Override
  public String toString() {
    byte[] bytes = new byte[v4 ? 4 : 16];
    for (int i = 0; i < bytes.length; i++) {
      long half = !v4 && i < 8 ? high : low;
      int shift = v4 ? 24 - 8 * i : 56 - 8 * (i & 7);
      bytes[i] = (byte) (half >>> shift);
    }
    try {
      return InetAddress.getByAddress(bytes).getHostAddress() + "/" + bits;
    } catch (java.net.UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}
