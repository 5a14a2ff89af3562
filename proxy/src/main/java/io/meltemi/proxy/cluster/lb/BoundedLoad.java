package io.meltemi.proxy.cluster.lb;

import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostGroup;
import io.meltemi.proxy.cluster.HostPicker;
import io.meltemi.proxy.cluster.LbContext;
import io.meltemi.proxy.telemetry.Gauge;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * Consistent hashing in which no host has much more than its share of the requests under way: past
 * that, the request goes to another host, in an order that its hash decides (<a
 * href="https://arxiv.org/abs/1608.01350">Consistent Hashing with Bounded Loads</a>). Picking takes
 * time in proportion to the hosts, and allocates, only when the first choice is full.
 */
public final class BoundedLoad implements HostPicker {
  private final HostPicker hashing;
  private final List<Host> hosts;
  private final IdentityHashMap<Host, Double> shares = new IdentityHashMap<>();
  private final int percent;
  private final Gauge active;

  private BoundedLoad(HostPicker hashing, HostGroup group, int percent) {
    this.hashing = hashing;
    this.hosts = group.hosts();
    for (int i = 0; i < hosts.size(); i++) {
      shares.put(hosts.get(i), group.shares().get(i));
    }
    this.percent = percent;
    this.active = group.stats().gauge("upstream_rq_active");
  }

  /** The picker itself, or one that bounds it when the group's settings say so. */
  public static HostPicker around(HostPicker hashing, HostGroup group) {
    int percent = group.settings().hashing().balancePercent();
    return percent == 0 ? hashing : new BoundedLoad(hashing, group, percent);
  }

  @Override
  public Host pick(LbContext context, long hash, int attempt) {
    Host first = hashing.pick(context, hash, attempt);
    double load = load(first);
    return load <= 1 ? first : other(first, load, hash);
  }

  private Host other(Host first, double firstLoad, long hash) {
    Host best = first;
    double least = firstLoad;
    int count = hosts.size();
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      order[i] = i;
    }
    MersenneTwister random = new MersenneTwister((int) hash);
    for (int i = 0; i < count; i++) {
      int j = i + random.below(count - i);
      int taken = order[j];
      order[j] = order[i];
      order[i] = taken;
      Host next = hosts.get(taken);
      if (next == first) {
        continue;
      }
      double load = load(next);
      if (load <= 1) {
        return next;
      }
      if (load < least) {
        least = load;
        best = next;
      }
    }
    return best;
  }

  /** Requests under way against those that the host may have; above 1 it is full. */
  private double load(Host host) {
    Double share = shares.get(host);
    long slots = ((active.value() + 1) * percent + 99) / 100;
    double own = Math.max(1, Math.ceil(slots * (share == null ? 0 : share)));
    return host.activeRequests() / own;
  }
}
