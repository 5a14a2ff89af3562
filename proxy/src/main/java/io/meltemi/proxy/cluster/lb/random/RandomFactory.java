package io.meltemi.proxy.cluster.lb.random;

import io.meltemi.proxy.cluster.HostGroup;
import io.meltemi.proxy.cluster.HostPicker;
import io.meltemi.proxy.cluster.HostPickerFactory;
import io.meltemi.proxy.cluster.lb.WeightedHosts;

/** {@code RANDOM}. */
public final class RandomFactory implements HostPickerFactory {
  @Override
  public HostPicker make(HostGroup group) {
    WeightedHosts weighted = new WeightedHosts(group.hosts());
    return (context, _, _) -> weighted.draw(context.random());
  }
}
