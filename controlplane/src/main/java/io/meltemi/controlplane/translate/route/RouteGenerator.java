package io.meltemi.controlplane.translate.route;

import io.meltemi.common.validation.Violation;
import io.meltemi.config.kind.virtualservice.HttpAction;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.View;
import io.meltemi.controlplane.push.Views;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Route configurations (RDS) of sidecars and gateways, one for every name asked for. */
public final class RouteGenerator implements ResourceGenerator {
  @Override
  public TypeUrl type() {
    return TypeUrl.ROUTE;
  }

  @Override
  public List<View> views(ProxyNode node, Views views) {
    return List.of(node.isSidecar() ? views.routes(node) : views.whole(node));
  }

  @Override
  public List<GeneratedResource> generate(
      View view, PushContext context, Collection<String> names) {
    ProxyNode node = view.node();
    return switch (node.type()) {
      case SIDECAR -> {
        SidecarRoutes routes = new SidecarRoutes(node, context);
        yield names.stream().distinct().map(routes::of).toList();
      }
      case ROUTER -> {
        GatewayRoutes routes = new GatewayRoutes(node, context);
        yield names.stream().distinct().map(routes::of).toList();
      }
      // its listeners hold their routes
      case WAYPOINT -> List.of();
    };
  }

  @Override
  public List<Problem> problems(PushContext context) {
    List<Problem> problems = new ArrayList<>();
    for (Resource<VirtualService> rule : context.virtualServices()) {
      for (int i = 0; i < rule.spec().http().size(); i++) {
        if (rule.spec().http().get(i).action() instanceof HttpAction.Redirect redirect
            && !HttpRoutes.isRedirectCode(redirect.code())) {
          problems.add(
              new Problem(
                  Problem.Severity.WARNING,
                  rule.toString(),
                  new Violation(
                      rule.origin(),
                      "spec.http[" + i + "].redirect.redirectCode",
                      Integer.toString(redirect.code()),
                      "301, 302, 303, 307 or 308; the route is left out")));
        }
      }
    }
    return problems;
  }
}
