package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;

/** The marks on resources that were made from the Gateway API or an Ingress. */
public final class GatewayApi {
  /** {@code gateway} on an Istio Gateway made from a listener. */
  static final String GATEWAY_SEMANTICS = "internal.istio.io/gateway-semantics";

  /** Host names of the services whose pods are the gateway, with commas between them. */
  public static final String GATEWAY_SERVICE = "internal.istio.io/gateway-service";

  /** The account that the gateway's pods must have; empty when any. */
  public static final String SERVICE_ACCOUNT = "internal.istio.io/service-account-name";

  /** The namespace of the services when the listener is written in another one. */
  public static final String PARENT_NAMESPACE = "internal.istio.io/parent-namespace";

  /** The objects that a resource was made from. */
  static final String PARENTS = "internal.istio.io/parents";

  /** {@code gateway} or {@code ingress} on a VirtualService: how its paths are compared. */
  public static final String ROUTE_SEMANTICS = "internal.istio.io/route-semantics";

  private static final String SPECIAL = "\\.+*?()|[]{}^$";

  private GatewayApi() {}

  /** An RE2 expression for exactly this text. */
  public static String literal(String text) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (SPECIAL.indexOf(c) >= 0) {
        regex.append('\\');
      }
      regex.append(c);
    }
    return regex.toString();
  }

  /** True for a virtual service made from a route of the Gateway API. */
  public static boolean isGatewayRoute(Resource<VirtualService> service) {
    return "gateway".equals(service.metadata().annotations().get(ROUTE_SEMANTICS));
  }

  /** True for a virtual service whose prefixes end where a segment of the path does. */
  public static boolean comparesSegments(Resource<VirtualService> service) {
    String semantics = service.metadata().annotations().getOrDefault(ROUTE_SEMANTICS, "");
    return semantics.equals("gateway") || semantics.equals("ingress");
  }
}
