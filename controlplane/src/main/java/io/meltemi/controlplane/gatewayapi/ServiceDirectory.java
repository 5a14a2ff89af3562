package io.meltemi.controlplane.gatewayapi;

import io.meltemi.common.labels.Labels;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What gateways and routes need to know of services. */
public interface ServiceDirectory {
  /** For tools without a registry: every service is there, and nothing is known of it. */
  ServiceDirectory EVERYTHING =
      new ServiceDirectory() {
        @Override
        public Optional<Entry> find(String hostname, String namespace) {
          return Optional.of(
              new Entry(List.of(), Map.of(), List.of(), List.of(), false, Labels.EMPTY));
        }

        @Override
        public List<String> namespaces(String hostname) {
          return List.of();
        }
      };

  /** The service of a host name in a namespace. */
  Optional<Entry> find(String hostname, String namespace);

  /** The namespaces that have a service of a host name, sorted. */
  List<String> namespaces(String hostname);

  /**
   * A service.
   *
   * @param ports numbers, in the order written
   * @param endpointPorts by service port the ports of its endpoints; ports without endpoints are
   *     left out
   * @param addresses inside the cluster
   * @param externalAddresses outside of it
   * @param pendingAddress waits for an external address
   */
  record Entry(
      List<Integer> ports,
      Map<Integer, Set<Integer>> endpointPorts,
      List<String> addresses,
      List<String> externalAddresses,
      boolean pendingAddress,
      Labels labels) {
    public Entry {
      ports = List.copyOf(ports);
      endpointPorts = Map.copyOf(endpointPorts);
      addresses = List.copyOf(addresses);
      externalAddresses = List.copyOf(externalAddresses);
    }
  }
}
