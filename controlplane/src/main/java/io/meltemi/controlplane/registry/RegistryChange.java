package io.meltemi.controlplane.registry;

import java.util.Set;

/**
 * What a recomputation changed.
 *
 * @param services added, removed or different in anything but their endpoints
 * @param endpoints those whose endpoints differ
 * @param moved some are the same, but stand elsewhere in their files
 */
public record RegistryChange(Set<ServiceKey> services, Set<ServiceKey> endpoints, boolean moved) {
  public RegistryChange {
    services = Set.copyOf(services);
    endpoints = Set.copyOf(endpoints);
  }

  public boolean isEmpty() {
    return services.isEmpty() && endpoints.isEmpty();
  }
}
