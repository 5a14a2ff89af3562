package io.meltemi.controlplane.push;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.gatewayapi.ServiceDirectory;
import io.meltemi.controlplane.registry.EndpointIndex;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.controlplane.registry.ServiceKey;
import io.meltemi.controlplane.registry.ServicePort;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The services of a registry as gateways look at them. */
final class RegistryDirectory implements ServiceDirectory {
  private final Map<ServiceKey, MeshService> services = new HashMap<>();
  private final EndpointIndex endpoints;
  private final ConfigSnapshot snapshot;

  RegistryDirectory(
      Collection<MeshService> services, EndpointIndex endpoints, ConfigSnapshot snapshot) {
    services.forEach(service -> this.services.put(service.key(), service));
    this.endpoints = endpoints;
    this.snapshot = snapshot;
  }

  @Override
  public Optional<Entry> find(String hostname, String namespace) {
    return Optional.ofNullable(services.get(new ServiceKey(hostname, namespace))).map(this::entry);
  }

  @Override
  public List<String> namespaces(String hostname) {
    return services.keySet().stream()
        .filter(key -> key.hostname().equals(hostname))
        .map(ServiceKey::namespace)
        .sorted()
        .toList();
  }

  private Entry entry(MeshService service) {
    Map<Integer, Set<Integer>> endpointPorts = new HashMap<>();
    for (ServiceEndpoint endpoint : endpoints.endpoints(service.key())) {
      service
          .port(endpoint.servicePortName())
          .ifPresent(
              port ->
                  endpointPorts
                      .computeIfAbsent(port.number(), _ -> new TreeSet<>())
                      .add(endpoint.port()));
    }
    Optional<Resource<Service>> written =
        snapshot.get(
            Kinds.SERVICE, new ResourceName(service.namespace(), service.attributes().name()));
    List<String> external = new ArrayList<>();
    written.ifPresent(
        found -> {
          external.addAll(found.spec().external().loadBalancerIngress());
          external.addAll(found.spec().external().ips());
        });
    return new Entry(
        service.ports().stream().map(ServicePort::number).toList(),
        endpointPorts,
        service.addresses(),
        external,
        written.filter(found -> found.spec().type() == Service.Type.LOAD_BALANCER).isPresent(),
        service.attributes().labels());
  }
}
