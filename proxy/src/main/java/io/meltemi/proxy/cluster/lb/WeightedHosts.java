package io.meltemi.proxy.cluster.lb;

import io.meltemi.proxy.cluster.Host;
import java.util.Arrays;
import java.util.List;

/** Hosts that are drawn in proportion to their weights. Immutable; any thread. */
public final class WeightedHosts {
  private final Host[] hosts;
  private final long[] cumulative;
  private final boolean equal;

  /**
   * @param hosts at least one
   */
  public WeightedHosts(List<Host> hosts) {
    if (hosts.isEmpty()) {
      throw new IllegalArgumentException("hosts is empty (expected: at least one)");
    }
    this.hosts = hosts.toArray(new Host[0]);
    this.cumulative = new long[this.hosts.length];
    long total = 0;
    boolean same = true;
    for (int i = 0; i < this.hosts.length; i++) {
      int weight = this.hosts[i].placement().weight();
      total += weight;
      cumulative[i] = total;
      same &= weight == this.hosts[0].placement().weight();
    }
    this.equal = same;
  }

  public int size() {
    return hosts.length;
  }

  public Host get(int index) {
    return hosts[index];
  }

  /** Whether every host has the same weight. */
  public boolean equalWeights() {
    return equal;
  }

  /** The host that the random bits stand for. */
  public Host draw(long random) {
    if (equal) {
      return hosts[(int) Long.remainderUnsigned(random, hosts.length)];
    }
    long point = Long.remainderUnsigned(random, cumulative[cumulative.length - 1]);
    int index = Arrays.binarySearch(cumulative, point + 1);
    return hosts[index >= 0 ? index : -index - 1];
  }
}
