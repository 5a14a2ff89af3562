package io.meltemi.controlplane.push;

import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.controlplane.registry.ServiceKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What two worlds differ in.
 *
 * @param mesh settings of the whole mesh
 * @param traffic changed virtual services, destination rules, gateways and sidecars
 * @param services added, removed or different in anything but endpoints
 * @param endpoints services whose endpoints differ
 * @param credentials Secrets and ConfigMaps that differ
 */
public record WorldChange(
    boolean mesh,
    List<ConfigChange> traffic,
    Set<ServiceKey> services,
    Set<ServiceKey> endpoints,
    Set<ResourceName> credentials) {
  public WorldChange {
    traffic = List.copyOf(traffic);
    services = Set.copyOf(services);
    endpoints = Set.copyOf(endpoints);
    credentials = Set.copyOf(credentials);
  }

  public boolean isEmpty() {
    return endpointsOnly() && endpoints.isEmpty() && credentials.isEmpty();
  }

  /** Nothing but endpoints and credentials. */
  public boolean endpointsOnly() {
    return !mesh && traffic.isEmpty() && services.isEmpty();
  }

  /** Both changes, one after the other. */
  public WorldChange merge(WorldChange later) {
    List<ConfigChange> allTraffic = new ArrayList<>(traffic);
    allTraffic.addAll(later.traffic);
    Set<ServiceKey> allServices = new TreeSet<>(services);
    allServices.addAll(later.services);
    Set<ServiceKey> allEndpoints = new TreeSet<>(endpoints);
    allEndpoints.addAll(later.endpoints);
    Set<ResourceName> allCredentials = new TreeSet<>(credentials);
    allCredentials.addAll(later.credentials);
    return new WorldChange(
        mesh || later.mesh, allTraffic, allServices, allEndpoints, allCredentials);
  }
}
