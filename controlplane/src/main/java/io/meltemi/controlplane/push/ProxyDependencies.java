package io.meltemi.controlplane.push;

import io.meltemi.config.Kinds;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.controlplane.registry.ServiceKey;
import java.util.HashSet;
import java.util.Set;

/** Whether a change of the world concerns a proxy. It may say yes too often, never too seldom. */
final class ProxyDependencies {
  private ProxyDependencies() {}

  /** What a proxy must be sent. */
  enum Need {
    NOTHING,
    ENDPOINTS,
    /** Listeners, routes and what belongs to them; clusters and endpoints are the same. */
    ROUTES,
    EVERYTHING
  }

  /**
   * What a change means for a proxy.
   *
   * @param before the world the proxy was last sent
   * @param after the world now
   */
  static Need of(ProxyNode node, PushContext before, PushContext after, WorldChange change) {
    if (change.mesh()
        || change.traffic().stream().anyMatch(traffic -> changesClusters(node, traffic))
        || seesAny(node, before, after, change.services())
        || !before.instancesOf(node).equals(after.instancesOf(node))) {
      return Need.EVERYTHING;
    }
    Need endpoints =
        seesAny(node, before, after, change.endpoints())
            ? needForEndpoints(node, before, after, change)
            : Need.NOTHING;
    if (change.traffic().stream().noneMatch(traffic -> concerns(node, traffic))) {
      return endpoints;
    }
    // where a Sidecar resource narrows what is seen, destinations of rules are seen in addition
    boolean sameServices =
        before.sidecarScope(node).services().equals(after.sidecarScope(node).services());
    return endpoints == Need.NOTHING && sameServices ? Need.ROUTES : Need.EVERYTHING;
  }

  /** Rules for requests, policies for those who send them and filters do not touch clusters. */
  private static boolean changesClusters(ProxyNode node, ConfigChange change) {
    // a waypoint has clusters of other services only for rules that lead there
    return concerns(node, change)
        && (change.kind() != Kinds.VIRTUAL_SERVICE || node.isWaypoint())
        && change.kind() != Kinds.AUTHORIZATION_POLICY
        && change.kind() != Kinds.WASM_PLUGIN
        && change.kind() != Kinds.TRAFFIC_EXTENSION;
  }

  /**
   * Endpoints of services that proxies resolve by name travel inside the cluster, as do the
   * identities of all.
   */
  private static Need needForEndpoints(
      ProxyNode node, PushContext before, PushContext after, WorldChange change) {
    for (ServiceKey key : change.endpoints()) {
      if (node.hasCertificates()
          && after.sees(node, key)
          && !accounts(before, key).equals(accounts(after, key))) {
        return Need.EVERYTHING;
      }
      boolean byName =
          after
              .service(key)
              .filter(
                  service ->
                      switch (service.resolution()) {
                        case DNS, DNS_ROUND_ROBIN, DYNAMIC_DNS, PASSTHROUGH -> true;
                        case ENDPOINTS, ALIAS -> false;
                      })
              .isPresent();
      if (byName && after.sees(node, key)) {
        return Need.EVERYTHING;
      }
    }
    return Need.ENDPOINTS;
  }

  private static Set<String> accounts(PushContext context, ServiceKey service) {
    Set<String> accounts = new HashSet<>();
    for (ServiceEndpoint endpoint : context.endpoints().endpoints(service)) {
      if (!endpoint.workload().serviceAccount().isEmpty()) {
        accounts.add(endpoint.workload().namespace() + '/' + endpoint.workload().serviceAccount());
      }
    }
    return accounts;
  }

  private static boolean concerns(ProxyNode node, ConfigChange change) {
    if (change.kind() == Kinds.GATEWAY) {
      return node.isRouter();
    }
    return change.kind() != Kinds.SIDECAR || node.isSidecar();
  }

  private static boolean seesAny(
      ProxyNode node, PushContext before, PushContext after, Set<ServiceKey> services) {
    return services.stream()
        .anyMatch(service -> before.sees(node, service) || after.sees(node, service));
  }
}
