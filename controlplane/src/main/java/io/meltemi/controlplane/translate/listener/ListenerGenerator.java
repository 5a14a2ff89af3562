package io.meltemi.controlplane.translate.listener;

import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.LocalPlacement;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.SidecarScope;
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
  public List<GeneratedResource> generate(
      ProxyNode node, PushContext context, Collection<String> names) {
    return switch (node.type()) {
      case SIDECAR -> sidecar(node, context);
      case ROUTER -> new GatewayListeners(node, context).listeners();
      case WAYPOINT -> new WaypointListeners(node, context).listeners();
    };
  }

  @Override
  public List<Problem> problems(ProxyNode node, PushContext context) {
    return node.isRouter() ? new GatewayListeners(node, context).problems() : List.of();
  }

  private static List<GeneratedResource> sidecar(ProxyNode node, PushContext context) {
    SidecarScope scope = context.sidecarScope(node);
    OutboundListeners outbound = new OutboundListeners(node, context, scope);
    InboundListeners inbound = new InboundListeners(node, context, scope);
    Optional<LocalPlacement> placement = node.placement();
    List<GeneratedResource> listeners = new ArrayList<>();
    if (placement.isPresent()) {
      listeners.addAll(outbound.local(placement.get()));
      listeners.addAll(inbound.local(placement.get()));
    } else {
      listeners.addAll(outbound.listeners());
      listeners.addAll(inbound.listeners());
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
