package io.meltemi.proxy.cluster.lb.random;

import io.meltemi.proxy.cluster.ClusterSettings;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostPicker;
import io.meltemi.proxy.cluster.HostPickerFactory;
import io.meltemi.proxy.cluster.lb.WeightedHosts;
import java.util.List;

/** {@code RANDOM}. */
public final class RandomFactory implements HostPickerFactory {
  @Override
  public HostPicker make(List<Host> hosts, ClusterSettings.Balancing settings) {
    WeightedHosts weighted = new WeightedHosts(hosts);
    return context -> weighted.draw(context.random());
  }
}
