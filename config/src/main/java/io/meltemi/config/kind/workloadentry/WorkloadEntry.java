package io.meltemi.config.kind.workloadentry;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.Locality;
import java.util.Collections;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * One endpoint, also used inside ServiceEntry and WorkloadGroup.
 *
 * @param address IP, name or {@code unix://} path; may be empty when a network is set
 * @param ports service port name to port of this endpoint
 * @param network empty when not set
 * @param weight unset means 1
 * @param serviceAccount empty when not set
 * @param healthy false when its {@code status} says so
 * @see <a
 *     href="https://istio.io/latest/docs/reference/config/networking/workload-entry/">WorkloadEntry</a>
 */
public record WorkloadEntry(
    String address,
    Map<String, Integer> ports,
    Labels labels,
    String network,
    Locality locality,
    OptionalLong weight,
    String serviceAccount,
    boolean healthy) {
  public WorkloadEntry {
    ports = Collections.unmodifiableMap(new TreeMap<>(ports));
  }

  /** An entry of which nothing is written. */
  public static final WorkloadEntry EMPTY =
      new WorkloadEntry(
          "", Map.of(), Labels.EMPTY, "", Locality.UNKNOWN, OptionalLong.empty(), "", true);

  /** The same entry with what its status says. */
  public WorkloadEntry withHealth(boolean now) {
    return new WorkloadEntry(
        address, ports, labels, network, locality, weight, serviceAccount, now);
  }
}
