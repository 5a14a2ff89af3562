package io.meltemi.controlplane.translate;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.Locality;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.registry.Networks;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Endpoints as a client reaches them: those of another network by its gateways, which find them by
 * the server name of mutual TLS, so that only endpoints that are met with it are reached. A network
 * without a gateway is taken to be reachable as it is.
 *
 * @param endpoints in the order in which they shall appear
 * @param mutualTls tells those that are met with mutual TLS
 */
public record ReachedEndpoints(
    List<ServiceEndpoint> endpoints, Predicate<ServiceEndpoint> mutualTls) {
  /**
   * What a client makes of a service's endpoints.
   *
   * @param mutualTls tells endpoints that the client would meet with mutual TLS
   */
  public static ReachedEndpoints of(
      List<ServiceEndpoint> endpoints,
      ProxyNode node,
      Networks networks,
      Predicate<ServiceEndpoint> mutualTls) {
    if (!networks.several()) {
      return new ReachedEndpoints(
          endpoints.stream().filter(endpoint -> !endpoint.address().isEmpty()).toList(), mutualTls);
    }
    Map<Locality, Map<Networks.Gateway, Long>> shares = new LinkedHashMap<>();
    List<ServiceEndpoint> reached = new ArrayList<>();
    int scale = networks.scale();
    for (ServiceEndpoint endpoint : endpoints) {
      if (!views(node, endpoint.workload().network())) {
        continue;
      }
      long weight = (long) endpoint.weight() * scale;
      List<Networks.Gateway> gateways = networks.gatewaysTo(endpoint.workload());
      if (isNear(node, endpoint) || gateways.isEmpty()) {
        if (!endpoint.address().isEmpty()) {
          reached.add(weighted(endpoint, weight));
        }
      } else if (mutualTls.test(endpoint)) {
        Map<Networks.Gateway, Long> share =
            shares.computeIfAbsent(endpoint.locality(), _ -> new TreeMap<>());
        gateways.forEach(gateway -> share.merge(gateway, weight / gateways.size(), Long::sum));
      }
    }
    Set<ServiceEndpoint> far = new HashSet<>();
    shares.forEach(
        (locality, share) ->
            share.forEach((gateway, weight) -> far.add(endpoint(gateway, locality, weight))));
    far.stream()
        .sorted(
            java.util.Comparator.comparing(ServiceEndpoint::address)
                .thenComparingInt(ServiceEndpoint::port))
        .forEach(reached::add);
    return new ReachedEndpoints(
        reached, endpoint -> far.contains(endpoint) || mutualTls.test(endpoint));
  }

  /** Those alone that are met with mutual TLS: a gateway that passes it on can serve no others. */
  public ReachedEndpoints onlyMutualTls() {
    return new ReachedEndpoints(endpoints.stream().filter(mutualTls).toList(), mutualTls);
  }

  private static boolean isNear(ProxyNode node, ServiceEndpoint endpoint) {
    String own = node.metadata().network();
    String network = endpoint.workload().network();
    return own.isEmpty() || network.isEmpty() || own.equals(network);
  }

  private static boolean views(ProxyNode node, String network) {
    String view = node.metadata().values().getOrDefault(ProxyNode.NETWORK_VIEW, "");
    return view.isEmpty() || network.isEmpty() || Arrays.asList(view.split(",")).contains(network);
  }

  private static ServiceEndpoint weighted(ServiceEndpoint endpoint, long weight) {
    return endpoint.weight() == weight
        ? endpoint
        : new ServiceEndpoint(
            endpoint.address(),
            endpoint.port(),
            endpoint.servicePortName(),
            endpoint.health(),
            (int) Math.min(weight, Integer.MAX_VALUE),
            endpoint.locality(),
            endpoint.workload());
  }

  private static ServiceEndpoint endpoint(
      Networks.Gateway gateway, Locality locality, long weight) {
    return new ServiceEndpoint(
        gateway.address(),
        gateway.port(),
        "",
        ServiceEndpoint.Health.UNKNOWN,
        (int) Math.max(1, Math.min(weight, Integer.MAX_VALUE)),
        locality,
        new ServiceEndpoint.Workload(
            "",
            "",
            Labels.of(
                Map.of(
                    "topology.istio.io/network",
                    gateway.network(),
                    "topology.istio.io/cluster",
                    gateway.cluster())),
            "",
            gateway.network(),
            "",
            gateway.cluster(),
            ""));
  }
}
