package io.meltemi.proxy.http;

import io.netty.util.NetUtil;
import java.util.Arrays;
import java.util.Optional;

/**
 * Addresses that share leading bits ({@code core.v3.CidrRange}).
 *
 * @param text {@code address/length}
 */
public record AddressRange(String text) {
  public AddressRange {
    if (bytes(text).isEmpty()) {
      throw new IllegalArgumentException("range: " + text + " (expected: address/length)");
    }
  }

  private static Optional<byte[]> bytes(String text) {
    int slash = text.indexOf('/');
    byte[] address =
        NetUtil.createByteArrayFromIpAddressString(text.substring(0, Math.max(0, slash)));
    return Optional.ofNullable(address);
  }

  /** Whether an address lies within; the other family never does. */
  boolean contains(byte[] address) {
    byte[] base = bytes(text).orElseThrow();
    int bits = Integer.parseInt(text.substring(text.indexOf('/') + 1));
    if (base.length != address.length) {
      return false;
    }
    int whole = bits / 8;
    if (!Arrays.equals(base, 0, whole, address, 0, whole)) {
      return false;
    }
    int rest = bits % 8;
    return rest == 0 || ((base[whole] ^ address[whole]) & (0xff00 >> rest) & 0xff) == 0;
  }
}
