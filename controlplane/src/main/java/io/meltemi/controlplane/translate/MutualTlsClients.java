package io.meltemi.controlplane.translate;

import io.meltemi.config.kind.destinationrule.LoadBalancer;
import io.meltemi.config.kind.peerauthentication.PeerAuthentication.Mode;
import io.meltemi.config.traffic.ClientTls;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.controlplane.registry.ServicePort;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Which servers clients of the mesh meet with mutual TLS, and as whom these must show up. */
public final class MutualTlsClients {
  private static final String ISTIO = "istio";

  private MutualTlsClients() {}

  /**
   * True when connections to a service are mutual TLS wherever the server can do it, without any
   * rule that says so.
   */
  public static boolean isAutomatic(
      ProxyNode node,
      PushContext context,
      MeshService service,
      ServicePort port,
      TrafficPolicies.Effective policy) {
    if (policy.tls().isPresent()
        || !node.hasCertificates()
        || !context.mesh().identity().autoMtls()
        || service.meshExternal()) {
      return false;
    }
    if (context.mutualTlsOfNamespace(service.namespace()) == Mode.DISABLE) {
      return false;
    }
    if (service.resolution() != Resolution.PASSTHROUGH && !passesThrough(policy)) {
      return true;
    }
    // nothing tells endpoints apart there, so all must do it
    List<ServiceEndpoint> endpoints = context.endpoints().endpoints(service.key(), port);
    return !endpoints.isEmpty()
        && endpoints.stream().allMatch(endpoint -> endpoint.workload().tlsMode().equals(ISTIO));
  }

  private static boolean passesThrough(TrafficPolicies.Effective policy) {
    return policy
        .loadBalancer()
        .map(LoadBalancer::algorithm)
        .filter(new LoadBalancer.Simple(LoadBalancer.Policy.PASSTHROUGH)::equals)
        .isPresent();
  }

  /** True when a client that can do mutual TLS shall do it with an endpoint. */
  public static boolean takes(
      PushContext context, ServiceEndpoint endpoint, TrafficPolicies.Effective policy) {
    return endpoint.workload().tlsMode().equals(ISTIO)
        && policy.tls().filter(tls -> tls.mode() != ClientTls.Mode.ISTIO_MUTUAL).isEmpty()
        && context.mutualTls(endpoint.workload().namespace(), endpoint.labels()).of(endpoint.port())
            != Mode.DISABLE;
  }

  /** The identities that servers of a service may show, sorted; empty when nothing is known. */
  public static List<String> identities(PushContext context, MeshService service) {
    Set<String> identities = new TreeSet<>(service.attributes().subjectAltNames());
    for (ServiceEndpoint endpoint : context.endpoints().endpoints(service.key())) {
      String account = endpoint.workload().serviceAccount();
      if (!account.isEmpty()) {
        String path = "/ns/" + endpoint.workload().namespace() + "/sa/" + account;
        identities.add("spiffe://" + context.mesh().identity().trustDomain() + path);
        context
            .mesh()
            .identity()
            .trustDomainAliases()
            .forEach(alias -> identities.add("spiffe://" + alias + path));
      }
    }
    return List.copyOf(identities);
  }
}
