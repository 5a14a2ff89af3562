package io.meltemi.proxy.rbac;

import java.util.List;

/** TCP ports, a bit for each. Immutable. */
final class PortSet {
  private static final int PORTS = 1 << 16;

  private final long[] bits;

  PortSet(List<Condition.Port> ranges) {
    int end = ranges.stream().mapToInt(Condition.Port::to).max().orElse(0);
    this.bits = new long[(Math.min(end, PORTS) + 63) >>> 6];
    for (Condition.Port range : ranges) {
      for (int port = range.from(); port < Math.min(range.to(), PORTS); port++) {
        bits[port >>> 6] |= 1L << port;
      }
    }
  }

  boolean contains(int port) {
    return port >= 0 && port >>> 6 < bits.length && (bits[port >>> 6] & 1L << port) != 0;
  }
}
