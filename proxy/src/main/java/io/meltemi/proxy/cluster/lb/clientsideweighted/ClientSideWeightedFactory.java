package io.meltemi.proxy.cluster.lb.clientsideweighted;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.cluster.ClusterSettings.LoadReports;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostGroup;
import io.meltemi.proxy.cluster.HostPicker;
import io.meltemi.proxy.cluster.HostPickerFactory;
import io.meltemi.proxy.cluster.LbContext;
import io.meltemi.proxy.cluster.lb.Warming;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes pickers whose weights are computed anew from time to time. A host without a weight that
 * counts has the median of the others.
 *
 * <p>Differs from Envoy: hosts are drawn by weight, so that shares are exact only in the long run.
 */
public final class ClientSideWeightedFactory implements HostPickerFactory {
  @Override
  public HostPicker make(HostGroup group) {
    return Warming.around(new Drawn(group), group);
  }

  private static final class Drawn implements HostPicker {
    private final Host[] hosts;
    private final LoadReports settings;
    private final Ticker ticker;
    private final AtomicLong nextNanos;
    private volatile long[] cumulative;

    Drawn(HostGroup group) {
      hosts = group.hosts().toArray(new Host[0]);
      settings = group.settings().guidance().reports();
      ticker = group.ticker();
      long now = ticker.nanos();
      nextNanos = new AtomicLong(now + settings.updateNanos());
      cumulative = weigh(now);
    }

    private long[] weigh(long now) {
      long[] weights = new long[hosts.length];
      long[] valid = new long[hosts.length];
      int count = 0;
      for (int i = 0; i < weights.length; i++) {
        weights[i] = hosts[i].reportedLoad().weight(settings, now);
        if (weights[i] > 0) {
          valid[count++] = weights[i];
        }
      }
      long median = median(valid, count);
      long sum = 0;
      for (int i = 0; i < weights.length; i++) {
        sum += weights[i] > 0 ? weights[i] : median;
        weights[i] = sum;
      }
      return weights;
    }

    private static long median(long[] values, int count) {
      if (count == 0) {
        return 1;
      }
      Arrays.sort(values, 0, count);
      int middle = count / 2;
      return count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    @Override
    public Host pick(LbContext context, long hash, int attempt) {
      long now = ticker.nanos();
      long next = nextNanos.get();
      if (now - next >= 0 && nextNanos.compareAndSet(next, now + settings.updateNanos())) {
        cumulative = weigh(now);
      }
      long[] sums = cumulative;
      long point = Long.remainderUnsigned(context.random(), sums[sums.length - 1]);
      int index = Arrays.binarySearch(sums, point + 1);
      return hosts[index >= 0 ? index : -index - 1];
    }
  }
}
