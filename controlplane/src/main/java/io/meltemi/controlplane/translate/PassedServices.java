package io.meltemi.controlplane.translate;

import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.HostNames;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.registry.ServicePort;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The service ports and subsets that gateways of mode AUTO_PASSTHROUGH pass mutual TLS on to: all
 * of the mesh that their hosts cover.
 */
public final class PassedServices {
  private PassedServices() {}

  /** What one server passes on. */
  public static List<ClusterNames.Outbound> of(
      GatewayServers.Server server, ProxyNode node, PushContext context) {
    List<ClusterNames.Outbound> targets = new ArrayList<>();
    for (MeshService service : context.sidecarScope(node).allServices()) {
      if (service.meshExternal()
          || service.resolution() == Resolution.ALIAS
          || service.resolution() == Resolution.DYNAMIC_DNS
          || server.spec().hosts().stream().noneMatch(host -> covers(host, server, service))) {
        continue;
      }
      List<DestinationRule.Subset> subsets =
          context
              .destinationRule(node, service)
              .map(rule -> rule.rule().subsets())
              .orElse(List.of());
      for (ServicePort port : service.ports()) {
        if (port.protocol() != Protocol.UDP) {
          targets.add(new ClusterNames.Outbound(port.number(), "", service.hostname()));
          for (DestinationRule.Subset subset : subsets) {
            targets.add(
                new ClusterNames.Outbound(port.number(), subset.name(), service.hostname()));
          }
        }
      }
    }
    return targets;
  }

  /** What all servers of a gateway proxy pass on. */
  public static Set<ClusterNames.Outbound> of(ProxyNode node, PushContext context) {
    Set<ClusterNames.Outbound> targets = new LinkedHashSet<>();
    if (node.isRouter()) {
      GatewayServers.of(node, context)
          .automaticPassthrough()
          .forEach(server -> targets.addAll(of(server, node, context)));
    }
    return targets;
  }

  private static boolean covers(
      Gateway.Host host, GatewayServers.Server server, MeshService service) {
    boolean namespace =
        switch (host.namespace()) {
          case "*" -> true;
          case "." -> server.gateway().namespace().equals(service.namespace());
          default -> host.namespace().equals(service.namespace());
        };
    return namespace
        && HostNames.isSubsetOf(service.hostname(), host.host().toLowerCase(Locale.ROOT));
  }
}
