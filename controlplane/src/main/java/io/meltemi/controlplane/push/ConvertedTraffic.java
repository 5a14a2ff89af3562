package io.meltemi.controlplane.push;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.gatewayapi.GatewayApiConversion;
import io.meltemi.controlplane.gatewayapi.GatewayApiInputs;
import io.meltemi.controlplane.gatewayapi.IngressConversion;
import java.util.ArrayList;
import java.util.List;

/** Traffic resources as written, with those made from the Gateway API and Ingresses. */
final class ConvertedTraffic {
  /** Without any of these there is nothing to convert. */
  private static final List<ResourceKind<?>> OBJECTS =
      List.of(
          Kinds.GATEWAY_CLASS,
          Kinds.KUBERNETES_GATEWAY,
          Kinds.HTTP_ROUTE,
          Kinds.GRPC_ROUTE,
          Kinds.TLS_ROUTE,
          Kinds.TCP_ROUTE,
          Kinds.BACKEND_TLS_POLICY,
          Kinds.BACKEND_TRAFFIC_POLICY);

  /** A change of any of these may change what is made. */
  static final List<ResourceKind<?>> KINDS =
      List.of(
          Kinds.GATEWAY_CLASS,
          Kinds.KUBERNETES_GATEWAY,
          Kinds.LISTENER_SET,
          Kinds.HTTP_ROUTE,
          Kinds.GRPC_ROUTE,
          Kinds.TLS_ROUTE,
          Kinds.TCP_ROUTE,
          Kinds.REFERENCE_GRANT,
          Kinds.BACKEND_TLS_POLICY,
          Kinds.BACKEND_TRAFFIC_POLICY,
          Kinds.INFERENCE_POOL,
          Kinds.INGRESS,
          Kinds.INGRESS_CLASS);

  private ConvertedTraffic() {}

  /** What the Gateway API's objects come to. */
  static GatewayApiConversion gatewayApi(
      ConfigSnapshot snapshot, String domain, RegistryDirectory services) {
    return OBJECTS.stream().allMatch(kind -> snapshot.list(kind).isEmpty())
        ? GatewayApiConversion.NOTHING
        : GatewayApiConversion.of(new GatewayApiInputs(snapshot, domain, services));
  }

  /** Everything together. */
  static PushContext.Traffic traffic(
      ConfigSnapshot snapshot, MeshConfig mesh, String domain, GatewayApiConversion converted) {
    PushContext.Traffic written = PushContext.Traffic.of(snapshot);
    IngressConversion ingresses = IngressConversion.of(snapshot, mesh, domain);
    if (converted.gateways().isEmpty()
        && converted.virtualServices().isEmpty()
        && converted.destinationRules().isEmpty()
        && ingresses.gateways().isEmpty()) {
      return written;
    }
    List<Resource<VirtualService>> virtualServices = new ArrayList<>(written.virtualServices());
    virtualServices.addAll(converted.virtualServices());
    virtualServices.addAll(ingresses.virtualServices());
    List<Resource<DestinationRule>> destinationRules = new ArrayList<>(written.destinationRules());
    destinationRules.addAll(converted.destinationRules());
    List<Resource<Gateway>> gateways = new ArrayList<>(written.gateways());
    gateways.addAll(converted.gateways());
    gateways.addAll(ingresses.gateways());
    return new PushContext.Traffic(
        virtualServices,
        destinationRules,
        gateways,
        written.sidecars(),
        written.peerAuthentications(),
        written.authorizationPolicies(),
        written.envoyFilters(),
        written.extensions());
  }
}
