package io.meltemi.controlplane.translate;

import io.meltemi.common.labels.Labels;
import io.meltemi.controlplane.push.Features;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.controlplane.registry.ServicePort;
import java.util.List;

/**
 * Which endpoints of a service a client is told of, and how they are.
 *
 * @see <a href="https://istio.io/latest/docs/reference/commands/pilot-discovery/">{@code
 *     PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS}</a>
 */
public final class ServiceEndpoints {
  private static final String DRAINING_LABEL = "istio.io/draining";

  private ServiceEndpoints() {}

  /**
   * The endpoints of a port that a client is told of: those that take traffic, those that drain
   * where sessions stick to them, and those that are not ready, so that it knows how many there
   * are.
   *
   * @param subset labels that endpoints must have; empty: all
   * @param policy of the cluster: one that falls back to endpoints that are not ready when few are
   *     healthy gets none of them
   */
  public static List<ServiceEndpoint> of(
      ProxyNode node,
      PushContext context,
      MeshService service,
      ServicePort port,
      Labels subset,
      TrafficPolicies.Effective policy) {
    boolean unready = withUnready(service, policy, context.features());
    return context.endpoints().endpoints(service.key(), port).stream()
        .filter(endpoint -> unready || endpoint.health() != ServiceEndpoint.Health.UNHEALTHY)
        .filter(endpoint -> endpoint.labels().matches(subset))
        .filter(endpoint -> !service.attributes().localNodeOnly() || sameNode(node, endpoint))
        .map(ServiceEndpoints::drained)
        .filter(
            endpoint ->
                endpoint.health() != ServiceEndpoint.Health.DRAINING || service.keepsDraining())
        .toList();
  }

  private static boolean withUnready(
      MeshService service, TrafficPolicies.Effective policy, Features features) {
    return unreadyDecide(service, features)
        || (features.unreadyEndpoints() == Features.UnreadyEndpoints.AUTO
            && policy
                .outlierDetection()
                .map(detection -> detection.minHealthPercent().orElse(0))
                .filter(percent -> percent > 0)
                .isEmpty());
  }

  /**
   * True when endpoints that are not ready are always told, so that a client must never fall back
   * to them.
   */
  public static boolean unreadyDecide(MeshService service, Features features) {
    return features.unreadyEndpoints() == Features.UnreadyEndpoints.ALWAYS
        || !LocalityPolicy.near(service.attributes().trafficDistribution()).isEmpty();
  }

  private static ServiceEndpoint drained(ServiceEndpoint endpoint) {
    return endpoint.labels().get(DRAINING_LABEL, "").isEmpty()
        ? endpoint
        : endpoint.with(ServiceEndpoint.Health.DRAINING);
  }

  private static boolean sameNode(ProxyNode node, ServiceEndpoint endpoint) {
    return node.metadata().nodeName().equals(endpoint.workload().nodeName());
  }
}
