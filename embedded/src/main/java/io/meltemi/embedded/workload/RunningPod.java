package io.meltemi.embedded.workload;

import io.meltemi.common.net.HostPort;
import java.util.Map;

/**
 * A pod as the control plane is to see it.
 *
 * @param ip its address
 * @param ports port of the pod to the address that serves it
 * @param ready traffic may come
 */
public record RunningPod(PodPlan plan, String ip, Map<Integer, HostPort> ports, boolean ready) {
  public RunningPod {
    ports = Map.copyOf(ports);
  }
}
