package io.meltemi.controlplane.translate.listener;

import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.LocalPlacement;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.SidecarScope;
import io.meltemi.controlplane.push.View;
import io.meltemi.controlplane.push.Views;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Listeners (LDS) of sidecars, gateways and waypoints. */
public final class ListenerGenerator implements ResourceGenerator {
  @Override
  public TypeUrl type() {
    return TypeUrl.LISTENER;
  }

  @Override
  public List<View> views(ProxyNode node, Views views) {
    return node.isSidecar()
        ? List.of(views.routes(node), views.inbound(node))
        : List.of(views.whole(node));
  }

  @Override
  public List<GeneratedResource> generate(
      View view, PushContext context, Collection<String> names) {
    ProxyNode node = view.node();
    return switch (node.type()) {
      case SIDECAR -> sidecar(view, context);
      case ROUTER -> new GatewayListeners(node, context).listeners();
      case WAYPOINT -> new WaypointListeners(node, context).listeners();
    };
  }

  @Override
  public List<Problem> problems(ProxyNode node, PushContext context) {
    return node.isRouter() ? new GatewayListeners(node, context).problems() : List.of();
  }

  private static List<GeneratedResource> sidecar(View view, PushContext context) {
    ProxyNode node = view.node();
    SidecarScope scope = context.sidecarScope(node);
    Optional<LocalPlacement> placement = node.placement();
    List<GeneratedResource> listeners = new ArrayList<>();
    if (view.has(View.Part.OUTBOUND)) {
      OutboundListeners outbound = new OutboundListeners(node, context, scope);
      listeners.addAll(placement.map(outbound::local).orElseGet(outbound::listeners));
    }
    if (view.has(View.Part.INBOUND)) {
      InboundListeners inbound = new InboundListeners(node, context, scope);
      listeners.addAll(placement.map(inbound::local).orElseGet(inbound::listeners));
    }
    return distinct(listeners);
  }

  /** No two listeners may stand on one address; the first keeps it. */
  private static List<GeneratedResource> distinct(List<GeneratedResource> listeners) {
    Map<String, GeneratedResource> byName = new LinkedHashMap<>();
    listeners.forEach(listener -> byName.putIfAbsent(listener.name(), listener));
    return List.copyOf(byName.values());
  }
}
