package io.meltemi.controlplane.translate;

import io.meltemi.common.labels.Labels;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.controlplane.registry.ServicePort;
import java.util.List;

/** Which endpoints of a service a client is told of. */
public final class ServiceEndpoints {
  private ServiceEndpoints() {}

  /**
   * The endpoints of a port that a client is told of: those that take traffic, and of a service
   * with a traffic distribution the others too, for without them the nearest would seem to be
   * healthy.
   *
   * @param subset labels that endpoints must have; empty: all
   */
  public static List<ServiceEndpoint> of(
      ProxyNode node, PushContext context, MeshService service, ServicePort port, Labels subset) {
    return context.endpoints().endpoints(service.key(), port).stream()
        .filter(
            endpoint ->
                endpoint.health() != ServiceEndpoint.Health.UNHEALTHY
                    || !LocalityPolicy.near(service.attributes().trafficDistribution()).isEmpty())
        .filter(endpoint -> endpoint.labels().matches(subset))
        .filter(endpoint -> !service.attributes().localNodeOnly() || sameNode(node, endpoint))
        .toList();
  }

  private static boolean sameNode(ProxyNode node, ServiceEndpoint endpoint) {
    return node.metadata().nodeName().equals(endpoint.workload().nodeName());
  }
}
