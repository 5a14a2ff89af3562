package io.meltemi.controlplane.translate;

import io.meltemi.config.traffic.Destination;
import io.meltemi.controlplane.registry.MeshService;
import java.util.Optional;

/** What a rule's destination names: a cluster of the proxy. */
public final class Destinations {
  private static final String UNKNOWN_SERVICE = "UnknownService";

  private Destinations() {}

  /**
   * The cluster of a destination. It is named whether or not the service exists: requests to a
   * cluster that a proxy has not got are answered with 503, and work as soon as it arrives.
   *
   * @param service the destination's service as far as the proxy sees it
   * @param port the service port
   */
  public static String cluster(Destination destination, Optional<MeshService> service, int port) {
    if (destination.host().isEmpty()) {
      // a reference of the Gateway API that leads nowhere
      return UNKNOWN_SERVICE;
    }
    return ClusterNames.outbound(port, destination.subset(), host(destination, service));
  }

  /**
   * The service port of a destination: the one it names, else the service's only one, else the one
   * that was asked for.
   */
  public static int port(Destination destination, Optional<MeshService> service, int listenPort) {
    if (destination.port().isPresent()) {
      return destination.port().getAsInt();
    }
    if (service.isPresent() && service.get().ports().size() == 1) {
      return service.get().ports().getFirst().number();
    }
    return listenPort;
  }

  /** The host whose cluster is meant; an ExternalName service stands for another one. */
  private static String host(Destination destination, Optional<MeshService> service) {
    return service
        .map(found -> found.attributes().externalName())
        .filter(external -> !external.isEmpty())
        .orElse(destination.host());
  }
}
