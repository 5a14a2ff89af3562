package io.meltemi.embedded;

import io.meltemi.common.net.HostPort;
import io.meltemi.embedded.address.PodAddresses;
import io.meltemi.embedded.process.SupervisedProcess;
import io.meltemi.embedded.sidecar.Fleet;
import io.meltemi.embedded.sidecar.SidecarSpec;
import io.meltemi.embedded.workload.PodPlan;
import io.meltemi.embedded.workload.RunningPod;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** A pod that runs: its addresses, its proxy, its processes. Belongs to the mesh's thread. */
final class MeshPod {
  final PodPlan plan;
  final PodAddresses.PodAddress address;

  /** Port of the pod to the port of the program behind it. */
  final Map<Integer, Integer> applicationPorts = new TreeMap<>();

  final List<SupervisedProcess> processes = new ArrayList<>();
  final Set<SupervisedProcess> readyProcesses = new HashSet<>();

  /** When it, or the last of its programs, was started. */
  long startNanos;

  SidecarSpec sidecarSpec;
  final Fleet.Sidecar sidecar;
  boolean sidecarReady;
  boolean announced;
  boolean retiring;

  MeshPod(
      PodPlan plan,
      PodAddresses.PodAddress address,
      SidecarSpec sidecarSpec,
      Fleet.Sidecar sidecar,
      long startNanos) {
    this.plan = plan;
    this.address = address;
    this.sidecarSpec = sidecarSpec;
    this.sidecar = sidecar;
    this.startNanos = startNanos;
  }

  boolean isGateway() {
    return plan.role() instanceof PodPlan.Role.IngressGateway;
  }

  boolean isReady() {
    return sidecarReady && readyProcesses.size() == processes.size() && !retiring;
  }

  RunningPod running() {
    return new RunningPod(plan, address.ip(), address.ports(), isReady());
  }

  HostPort admin() {
    return sidecarSpec.admin();
  }
}
