package io.meltemi.proxy.cluster;

import java.util.List;

/** Makes the pickers of one policy. Any thread. */
public interface HostPickerFactory {
  /**
   * @param hosts at least one; weights as placed now
   */
  HostPicker make(List<Host> hosts, ClusterSettings.Balancing settings);
}
