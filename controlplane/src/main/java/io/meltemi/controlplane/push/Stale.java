package io.meltemi.controlplane.push;

import io.meltemi.config.Kinds;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.controlplane.registry.ServiceKey;
import io.meltemi.xds.resource.TypeUrl;
import java.util.HashSet;
import java.util.Set;

/**
 * What of a view's resources a change of the world may have changed. It may say so too often, never
 * too seldom.
 *
 * @param clusters all clusters
 * @param endpoints all assignments
 * @param hosts of services whose assignments it is, when it is not all
 * @param others listeners, routes and what belongs to them
 * @param secrets what is asked for by credentials' names
 */
record Stale(
    boolean clusters, boolean endpoints, Set<String> hosts, boolean others, boolean secrets) {
  /** Filters, policies and rules that leave clusters as they are. */
  private static final Set<ResourceKind<?>> WITHOUT_CLUSTERS =
      Set.of(
          Kinds.VIRTUAL_SERVICE,
          Kinds.AUTHORIZATION_POLICY,
          Kinds.WASM_PLUGIN,
          Kinds.TRAFFIC_EXTENSION);

  private static final Stale ALL = new Stale(true, true, Set.of(), true, true);

  /**
   * What a change means for a view.
   *
   * @param before the world in which the view's resources were made
   */
  static Stale of(View view, PushContext before, PushContext after, WorldChange change) {
    ProxyNode node = view.node();
    boolean secrets = !change.credentials().isEmpty();
    if (change.mesh() || !after.hasInstancesOf(before, node)) {
      return ALL;
    }
    boolean clusters = false;
    boolean endpoints = false;
    boolean others = false;
    for (ConfigChange traffic : change.traffic()) {
      if (concerns(view, traffic.kind())) {
        others = true;
        // a waypoint has clusters of other services only for rules that lead there
        if (!WITHOUT_CLUSTERS.contains(traffic.kind()) || node.isWaypoint()) {
          clusters = true;
          endpoints = true;
        }
      }
    }
    Set<String> hosts = new HashSet<>();
    if (view.part() != View.Part.INBOUND) {
      for (ServiceKey key : change.services()) {
        if (before.sees(node, key) || after.sees(node, key)) {
          hosts.add(key.hostname());
          clusters = true;
          others = true;
        }
      }
      for (ServiceKey key : change.endpoints()) {
        if (before.sees(node, key) || after.sees(node, key)) {
          hosts.add(key.hostname());
          others |= tellsEach(before, key) || tellsEach(after, key);
          clusters |= goInsideClusters(node, before, after, key);
        }
      }
      // where a Sidecar resource narrows what is seen, destinations of rules are seen in addition
      if (others
          && !clusters
          && !before.sidecarScope(node).services().equals(after.sidecarScope(node).services())) {
        clusters = true;
        endpoints = true;
      }
    }
    return new Stale(clusters, endpoints, Set.copyOf(hosts), others, secrets);
  }

  private static boolean concerns(View view, ResourceKind<?> kind) {
    boolean forWhatIsServed =
        kind != Kinds.VIRTUAL_SERVICE
            && kind != Kinds.GATEWAY
            && !ConvertedTraffic.KINDS.contains(kind);
    return switch (view.part()) {
      case INBOUND -> forWhatIsServed;
      case OUTBOUND -> kind != Kinds.GATEWAY && kind != Kinds.AUTHORIZATION_POLICY;
      case ALL ->
          (kind != Kinds.GATEWAY || !view.node().isSidecar())
              && (kind != Kinds.SIDECAR || view.node().isSidecar());
    };
  }

  /** Endpoints of services without address have listeners and names of their own. */
  private static boolean tellsEach(PushContext context, ServiceKey key) {
    return context
        .service(key)
        .filter(
            service ->
                switch (service.resolution()) {
                  case PASSTHROUGH, DYNAMIC_DNS -> true;
                  case DNS, DNS_ROUND_ROBIN, ENDPOINTS, ALIAS -> false;
                })
        .isPresent();
  }

  /**
   * Endpoints of services that proxies resolve by name travel inside the cluster, as do the
   * identities of all.
   */
  private static boolean goInsideClusters(
      ProxyNode node, PushContext before, PushContext after, ServiceKey key) {
    if (node.hasCertificates() && !accounts(before, key).equals(accounts(after, key))) {
      return true;
    }
    return after
        .service(key)
        .filter(
            service ->
                switch (service.resolution()) {
                  case DNS, DNS_ROUND_ROBIN, DYNAMIC_DNS, PASSTHROUGH -> true;
                  case ENDPOINTS, ALIAS -> false;
                })
        .isPresent();
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

  /** Whether all resources of a type are to be made anew. */
  boolean all(TypeUrl type) {
    if (type.equals(TypeUrl.CLUSTER)) {
      return clusters;
    }
    if (type.equals(TypeUrl.ENDPOINT)) {
      return endpoints;
    }
    return others || (secrets && type.equals(TypeUrl.SECRET));
  }

  /** Whether one assignment is to be made anew, when not all are. */
  boolean assignment(String name) {
    int bar = name.lastIndexOf('|');
    return bar >= 0
        // outbound|port|subset|host
        ? hosts.contains(name.substring(bar + 1))
        // outbound_.port_.subset_.host
        : hosts.stream().anyMatch(name::endsWith);
  }
}
