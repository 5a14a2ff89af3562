package io.meltemi.controlplane.push;

import io.meltemi.config.kind.sidecar.Sidecar;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.OutboundTrafficPolicy;
import io.meltemi.controlplane.registry.MeshService;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one sidecar may reach: the egress listeners of the Sidecar resource chosen for it, or one
 * listener with everything its namespace sees.
 *
 * @param sidecar the resource chosen; empty when the default applies
 * @param egress at least one unless the Sidecar imports nothing
 * @param services every service of all listeners, one per host name, oldest first
 * @param outboundTrafficPolicy what happens to traffic for unknown hosts
 */
public record SidecarScope(
    Optional<Resource<Sidecar>> sidecar,
    List<EgressListener> egress,
    Map<String, MeshService> services,
    OutboundTrafficPolicy outboundTrafficPolicy) {

  public SidecarScope {
    egress = List.copyOf(egress);
    services = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(services));
  }

  /**
   * One egress entry and what it imports.
   *
   * @param config the entry as written; empty for the default listener that imports everything
   * @param services oldest first; when the entry has a port, each with that port alone
   * @param virtualServices bound to {@code mesh}, in order of precedence, hosts and destinations
   *     completed
   */
  public record EgressListener(
      Optional<Sidecar.Egress> config,
      List<MeshService> services,
      List<Resource<VirtualService>> virtualServices) {
    public EgressListener {
      services = List.copyOf(services);
      virtualServices = List.copyOf(virtualServices);
    }
  }

  /** Every service of all listeners. */
  public Collection<MeshService> allServices() {
    return services.values();
  }

  /** The service of a host name, if this scope holds it. */
  public Optional<MeshService> service(String hostname) {
    return Optional.ofNullable(services.get(hostname));
  }

  /** True when inbound listeners come from the Sidecar resource instead of from services. */
  public boolean hasIngress() {
    return sidecar.isPresent() && !sidecar.get().spec().ingress().isEmpty();
  }

  /** Ingress entries of the Sidecar resource. */
  public List<Sidecar.Ingress> ingress() {
    return sidecar.map(resource -> resource.spec().ingress()).orElse(List.of());
  }
}
