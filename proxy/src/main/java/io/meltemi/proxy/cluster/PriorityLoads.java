package io.meltemi.proxy.cluster;

import java.util.Arrays;

/**
 * How many percent of the requests each priority gets, for its healthy and its degraded hosts:
 * Envoy's <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority">priority
 * levels</a> and <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/degraded">degraded
 * endpoints</a>. Immutable; a slot is twice the index of a priority, plus one for its degraded
 * hosts.
 */
final class PriorityLoads {
  /** By slot: percent of the requests, summing to 100 unless there is no priority. */
  private final int[] loads;

  private PriorityLoads(int[] loads) {
    this.loads = loads;
  }

  /**
   * @param availability by slot, 0 to 100
   */
  static PriorityLoads byAvailability(int[] availability) {
    int total = total(availability);
    int[] loads = new int[availability.length];
    if (total == 0) {
      if (loads.length > 0) {
        loads[0] = 100;
      }
      return new PriorityLoads(loads);
    }
    int left = 100;
    int first = -1;
    // all healthy ones come before the first degraded one
    for (int half = 0; half < 2; half++) {
      for (int slot = half; slot < loads.length; slot += 2) {
        if (first < 0 && availability[slot] > 0) {
          first = slot;
        }
        loads[slot] = Math.min(left, availability[slot] * 100 / total);
        left -= loads[slot];
      }
    }
    loads[first] += left;
    return new PriorityLoads(loads);
  }

  /** When every priority is in panic: by their numbers of hosts. */
  static PriorityLoads byHosts(int[] hosts) {
    int[] loads = new int[hosts.length * 2];
    long total = Arrays.stream(hosts).asLongStream().sum();
    if (total == 0) {
      if (loads.length > 0) {
        loads[0] = 100;
      }
      return new PriorityLoads(loads);
    }
    int left = 100;
    int first = -1;
    for (int i = 0; i < hosts.length; i++) {
      if (first < 0 && hosts[i] > 0) {
        first = i;
      }
      loads[i * 2] = (int) (100L * hosts[i] / total);
      left -= loads[i * 2];
    }
    loads[first * 2] += left;
    return new PriorityLoads(loads);
  }

  /** The availability of all priorities together, at most 100. */
  static int total(int[] availability) {
    return Math.min(100, Arrays.stream(availability).sum());
  }

  int load(int slot) {
    return loads[slot];
  }

  /** The slot that the bits stand for. */
  int slot(long bits) {
    int point = (int) Long.remainderUnsigned(bits, 100);
    // all healthy ones come before the first degraded one
    for (int half = 0; half < 2; half++) {
      for (int slot = half; slot < loads.length; slot += 2) {
        point -= loads[slot];
        if (point < 0) {
          return slot;
        }
      }
    }
    return 0;
  }
}
