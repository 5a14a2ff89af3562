package io.meltemi.proxy.cluster.lb.leastrequest;

import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostGroup;
import io.meltemi.proxy.cluster.HostPicker;
import io.meltemi.proxy.cluster.HostPickerFactory;
import io.meltemi.proxy.cluster.LbContext;
import io.meltemi.proxy.cluster.lb.Warming;
import io.meltemi.proxy.cluster.lb.WeightedHosts;

/**
 * {@code LEAST_REQUEST}: draws a few hosts and takes the one with the fewest requests under way.
 *
 * <p>Differs from Envoy: with different weights the draw is weighted and the comparison is not;
 * Envoy then goes round robin with weights divided by the active requests.
 */
public final class LeastRequestFactory implements HostPickerFactory {
  @Override
  public HostPicker make(HostGroup group) {
    return Warming.around(
        new LeastRequest(new WeightedHosts(group.hosts()), group.settings().choices()), group);
  }

  private record LeastRequest(WeightedHosts hosts, int choices) implements HostPicker {
    @Override
    public Host pick(LbContext context, long hash, int attempt) {
      Host best = hosts.draw(context.random());
      if (hosts.size() == 1) {
        return best;
      }
      long fewest = best.activeRequests();
      for (int i = 1; i < choices; i++) {
        Host other = hosts.draw(context.random());
        long active = other.activeRequests();
        if (active < fewest) {
          best = other;
          fewest = active;
        }
      }
      return best;
    }
  }
}
