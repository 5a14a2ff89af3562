package io.meltemi.controlplane.registry;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The endpoints of every service at one moment; immutable.
 *
 * @param byService the endpoints of all ports of a service, sorted by address and port
 */
public record EndpointIndex(Map<ServiceKey, List<ServiceEndpoint>> byService) {
  public static final EndpointIndex EMPTY = new EndpointIndex(Map.of());

  public EndpointIndex {
    byService = Map.copyOf(byService);
  }

  public Set<ServiceKey> services() {
    return byService.keySet();
  }

  /** All endpoints of a service; empty when it has none or is unknown. */
  public List<ServiceEndpoint> endpoints(ServiceKey service) {
    return byService.getOrDefault(service, List.of());
  }

  /** The endpoints that serve one port of a service. */
  public List<ServiceEndpoint> endpoints(ServiceKey service, ServicePort port) {
    return endpoints(service).stream()
        .filter(endpoint -> endpoint.servicePortName().equals(port.name()))
        .toList();
  }
}
