package io.meltemi.controlplane.translate;

import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServicePort;

/**
 * Names of services in statistics, by the mesh's patterns such as {@code %SERVICE%_%SERVICE_PORT%}.
 */
public final class StatNames {
  private StatNames() {}

  /**
   * The pattern filled in.
   *
   * @param subset empty for all endpoints
   * @param targetPort of the workload; 0 where it is not known
   */
  public static String of(
      String pattern, MeshService service, ServicePort port, String subset, int targetPort) {
    return pattern
        .replace("%SERVICE%", shortName(service))
        .replace("%SERVICE_NAME%", service.attributes().name())
        .replace("%SERVICE_FQDN%", service.hostname())
        .replace("%SERVICE_PORT%", Integer.toString(port.number()))
        .replace("%SERVICE_PORT_NAME%", port.name())
        .replace("%TARGET_PORT%", Integer.toString(targetPort))
        .replace("%SUBSET_NAME%", subset);
  }

  private static String shortName(MeshService service) {
    return service.attributes().source() == MeshService.Source.KUBERNETES
        ? service.attributes().name() + '.' + service.namespace()
        : service.hostname();
  }
}
