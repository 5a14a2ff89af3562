package io.meltemi.embedded.workload;

import io.meltemi.common.net.HostPort;
import io.meltemi.config.Kinds;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Networks;
import io.meltemi.controlplane.registry.RegistrySettings;
import io.meltemi.controlplane.registry.ServicePort;
import io.meltemi.controlplane.registry.ServiceRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The ports of the mesh's services that an HTTP proxy cannot reach. */
public final class TcpServices {
  private TcpServices() {}

  /** Host name and port of each, sorted; protocols are told as the control plane tells them. */
  public static List<HostPort> of(ConfigSnapshot snapshot, String domain) {
    ServiceRegistry registry =
        new ServiceRegistry(
            new RegistrySettings(domain, "Kubernetes", domain, List.of("*"), false, Networks.NONE));
    for (Resource<?> service : snapshot.list(Kinds.SERVICE)) {
      registry.accept(Kinds.SERVICE, service.id(), Optional.of(service));
    }
    for (Resource<?> entry : snapshot.list(Kinds.SERVICE_ENTRY)) {
      registry.accept(Kinds.SERVICE_ENTRY, entry.id(), Optional.of(entry));
    }
    registry.recompute();
    List<HostPort> ports = new ArrayList<>();
    for (MeshService service : registry.services()) {
      for (ServicePort port : service.ports()) {
        boolean stream = port.protocol().isTcp() || port.protocol().isTls();
        if (stream || port.protocol().isUnsupported()) {
          if (service.hostname().indexOf('*') < 0) {
            ports.add(new HostPort(service.hostname(), port.number()));
          }
        }
      }
    }
    return ports;
  }
}
