package io.meltemi.proxy.cluster.lb.roundrobin;

import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostGroup;
import io.meltemi.proxy.cluster.HostPicker;
import io.meltemi.proxy.cluster.HostPickerFactory;
import io.meltemi.proxy.cluster.LbContext;
import io.meltemi.proxy.cluster.lb.Warming;
import io.meltemi.proxy.cluster.lb.WeightedHosts;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * {@code ROUND_ROBIN}. With different weights the hosts stand in a schedule that spreads each
 * evenly (smooth weighted round robin); when the weights have no small common form, hosts are drawn
 * by weight instead.
 *
 * <p>Differs from Envoy: the position is shared by all event loops, so the order is exact over the
 * whole proxy.
 */
public final class RoundRobinFactory implements HostPickerFactory {
  /** Schedules longer than this are not built. */
  static final int SCHEDULE_MAX = 8192;

  @Override
  public HostPicker make(HostGroup group) {
    return Warming.around(make(group.hosts()), group);
  }

  private static HostPicker make(List<Host> hosts) {
    WeightedHosts weighted = new WeightedHosts(hosts);
    if (weighted.equalWeights()) {
      return new RoundRobin(hosts.toArray(new Host[0]));
    }
    long divisor = 0;
    long total = 0;
    for (Host host : hosts) {
      divisor = gcd(host.placement().weight(), divisor);
      total += host.placement().weight();
    }
    if (total / divisor > SCHEDULE_MAX) {
      return (context, _, _) -> weighted.draw(context.random());
    }
    return new RoundRobin(schedule(hosts, (int) divisor, (int) (total / divisor)));
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  private static Host[] schedule(List<Host> hosts, int divisor, int total) {
    long[] credit = new long[hosts.size()];
    List<Host> schedule = new ArrayList<>(total);
    for (int slot = 0; slot < total; slot++) {
      int best = 0;
      for (int i = 0; i < credit.length; i++) {
        credit[i] += hosts.get(i).placement().weight() / divisor;
        if (credit[i] > credit[best]) {
          best = i;
        }
      }
      credit[best] -= total;
      schedule.add(hosts.get(best));
    }
    return schedule.toArray(new Host[0]);
  }

  private static final class RoundRobin implements HostPicker {
    private final Host[] hosts;
    private final AtomicInteger next;

    RoundRobin(Host[] hosts) {
      this.hosts = hosts;
      this.next = new AtomicInteger(0);
    }

    @Override
    public Host pick(LbContext context, long hash, int attempt) {
      return hosts[Integer.remainderUnsigned(next.getAndIncrement(), hosts.length)];
    }

    @Override
    public Host peek(int ahead) {
      return hosts[Integer.remainderUnsigned(next.get() + ahead, hosts.length)];
    }
  }
}
