package io.meltemi.controlplane.translate.route;

import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.xds.resource.TypeUrl;
import java.util.Collection;
import java.util.List;

/** Route configurations (RDS) of sidecars and gateways, one for every name asked for. */
public final class RouteGenerator implements ResourceGenerator {
  @Override
  public TypeUrl type() {
    return TypeUrl.ROUTE;
  }

  @Override
  public List<GeneratedResource> generate(
      ProxyNode node, PushContext context, Collection<String> names) {
    return switch (node.type()) {
      case SIDECAR -> {
        SidecarRoutes routes = new SidecarRoutes(node, context);
        yield names.stream().distinct().map(routes::of).toList();
      }
      case ROUTER -> {
        GatewayRoutes routes = new GatewayRoutes(node, context);
        yield names.stream().distinct().map(routes::of).toList();
      }
    };
  }
}
