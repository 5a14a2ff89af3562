package io.meltemi.controlplane.push;

import io.meltemi.config.resource.Resource;
import io.meltemi.controlplane.registry.MeshService;
import java.util.Set;

/** Whether a proxy is what a policy is bound to by {@code targetRefs}. */
final class PolicyTargets {
  private static final String GATEWAY_API = "gateway.networking.k8s.io";
  private static final String ISTIO = "networking.istio.io";
  private static final String GATEWAY_LABEL = GATEWAY_API + "/gateway-name";
  private static final String CLASS_LABEL = GATEWAY_API + "/gateway-class-name";

  /** The labels that tell it. */
  static final Set<String> LABELS = Set.of(GATEWAY_LABEL, CLASS_LABEL);

  private PolicyTargets() {}

  /** Gateways of the policy's namespace; classes only for policies of the root namespace. */
  static boolean isTarget(
      String group,
      String kind,
      String name,
      Resource<?> policy,
      ProxyNode node,
      String rootNamespace) {
    if (!group.equals(GATEWAY_API)) {
      return false;
    }
    return switch (kind) {
      case "Gateway" ->
          policy.namespace().equals(node.namespace())
              && node.labels().get(GATEWAY_LABEL, "").equals(name);
      case "GatewayClass" ->
          policy.namespace().equals(rootNamespace)
              && node.labels().get(CLASS_LABEL, "").equals(name);
      default -> false;
    };
  }

  /** A service that a waypoint stands before, named by a policy of the service's namespace. */
  static boolean isTarget(
      String group,
      String kind,
      String name,
      Resource<?> policy,
      MeshService service,
      Set<String> entries) {
    if (!policy.namespace().equals(service.namespace())) {
      return false;
    }
    return switch (service.attributes().source()) {
      case KUBERNETES ->
          kind.equals("Service")
              && (group.isEmpty() || group.equals("core"))
              && service.attributes().name().equals(name);
      case SERVICE_ENTRY ->
          kind.equals("ServiceEntry") && group.equals(ISTIO) && entries.contains(name);
    };
  }
}
