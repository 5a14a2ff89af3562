package io.meltemi.config.kind.serviceentry;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import io.meltemi.config.traffic.Port;
import java.util.List;
import java.util.Optional;

/**
 * Services added to the mesh's registry by hand.
 *
 * @param hosts at least one, wildcards allowed
 * @param addresses addresses or CIDR ranges; empty means any, or one allocated
 * @param exportTo empty means the mesh's default
 * @param workloadSelector labels of the workloads behind it, instead of {@code endpoints}
 * @param allocatedAddresses {@code status.addresses}, as an allocator has written them
 * @see <a
 *     href="https://istio.io/latest/docs/reference/config/networking/service-entry/">ServiceEntry</a>
 */
public record ServiceEntry(
    List<String> hosts,
    List<String> addresses,
    List<Port> ports,
    Location location,
    Resolution resolution,
    List<WorkloadEntry> endpoints,
    Optional<Labels> workloadSelector,
    List<String> exportTo,
    List<String> subjectAltNames,
    List<AllocatedAddress> allocatedAddresses) {

  public enum Location {
    MESH_EXTERNAL,
    MESH_INTERNAL
  }

  public enum Resolution {
    NONE,
    STATIC,
    DNS,
    DNS_ROUND_ROBIN,
    DYNAMIC_DNS
  }

  /** An address that a controller gave to one host; host may be empty for all. */
  public record AllocatedAddress(String value, String host) {}

  public ServiceEntry {
    hosts = List.copyOf(hosts);
    addresses = List.copyOf(addresses);
    ports = List.copyOf(ports);
    endpoints = List.copyOf(endpoints);
    exportTo = List.copyOf(exportTo);
    subjectAltNames = List.copyOf(subjectAltNames);
    allocatedAddresses = List.copyOf(allocatedAddresses);
  }

  /** True when another is the same but for its endpoints. */
  public boolean differsInEndpointsOnly(ServiceEntry other) {
    return !endpoints.equals(other.endpoints)
        && equals(
            new ServiceEntry(
                other.hosts,
                other.addresses,
                other.ports,
                other.location,
                other.resolution,
                endpoints,
                other.workloadSelector,
                other.exportTo,
                other.subjectAltNames,
                other.allocatedAddresses));
  }
}
