package io.meltemi.controlplane.translate.endpoint;

import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.MeshDestinationRule;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.SharedResources;
import io.meltemi.controlplane.push.SidecarScope;
import io.meltemi.controlplane.push.View;
import io.meltemi.controlplane.push.Views;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServicePort;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.EndpointAssignments;
import io.meltemi.controlplane.translate.LocalityPolicy;
import io.meltemi.controlplane.translate.MutualTlsClients;
import io.meltemi.controlplane.translate.ReachedEndpoints;
import io.meltemi.controlplane.translate.ServiceEndpoints;
import io.meltemi.controlplane.translate.ServiceTarget;
import io.meltemi.controlplane.translate.TrafficPolicies;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Answers for the endpoints of clusters. A cluster that the proxy may not see, or that does not
 * exist, gets an empty assignment.
 */
public final class EndpointGenerator implements ResourceGenerator {

  @Override
  public TypeUrl type() {
    return TypeUrl.ENDPOINT;
  }

  @Override
  public List<View> views(ProxyNode node, Views views) {
    return List.of(node.isWaypoint() ? views.whole(node) : views.destinations(node));
  }

  @Override
  public List<GeneratedResource> generate(
      View view, PushContext context, Collection<String> names) {
    ProxyNode node = view.node();
    SidecarScope scope = context.sidecarScope(node);
    SharedResources shared = context.shared(view);
    List<GeneratedResource> resources = new ArrayList<>(names.size());
    for (String name : names) {
      resources.add(
          target(node, context, scope, name)
              .flatMap(
                  target ->
                      shared.get(target, same -> Optional.of(make(shared.client(), context, same))))
              .orElseGet(() -> new GeneratedResource(name, empty(name), List.of())));
    }
    return resources;
  }

  private static Optional<ServiceTarget> target(
      ProxyNode node, PushContext context, SidecarScope scope, String name) {
    Optional<ClusterNames.Outbound> parts = ClusterNames.parseOutbound(name);
    Optional<MeshService> service = parts.flatMap(outbound -> scope.service(outbound.host()));
    Optional<ServicePort> port = parts.flatMap(outbound -> portOf(service, outbound.port()));
    if (parts.isEmpty() || service.isEmpty() || port.isEmpty()) {
      return Optional.empty();
    }
    Optional<MeshDestinationRule> rule = context.destinationRule(node, service.get());
    String subset = parts.get().subset();
    return Optional.of(
        new ServiceTarget(
            name,
            service.get(),
            port.get(),
            rule,
            rule.flatMap(
                found ->
                    found.rule().subsets().stream()
                        .filter(candidate -> candidate.name().equals(subset))
                        .findFirst())));
  }

  private static GeneratedResource make(
      ProxyNode client, PushContext context, ServiceTarget target) {
    String name = target.name();
    boolean ofSubset =
        !ClusterNames.parseOutbound(name).map(ClusterNames.Outbound::subset).orElse("").isEmpty();
    if (ofSubset && target.subset().isEmpty()) {
      return new GeneratedResource(name, empty(name), target.origins());
    }
    TrafficPolicies.Effective policy = target.policy(context.mesh());
    LocalityPolicy localities =
        LocalityPolicy.of(policy, context.mesh(), client.locality(), target.service());
    ReachedEndpoints reached =
        ReachedEndpoints.of(
            ServiceEndpoints.of(
                client, context, target.service(), target.port(), target.labels(), policy),
            client,
            context.networks(),
            endpoint -> MutualTlsClients.takes(context, endpoint, policy));
    if (ClusterNames.isInboundVip(name)) {
      return new GeneratedResource(
          name,
          EndpointAssignments.behindWaypoint(name, reached.endpoints(), localities, client),
          target.origins());
    }
    if (ClusterNames.isPassed(name)) {
      reached = reached.onlyMutualTls();
    }
    return new GeneratedResource(
        name,
        EndpointAssignments.assignment(
            name, reached.endpoints(), localities, client, reached.mutualTls()),
        target.origins());
  }

  private static Optional<ServicePort> portOf(Optional<MeshService> service, int number) {
    return service.flatMap(found -> found.port(number));
  }

  private static ClusterLoadAssignment empty(String name) {
    return ClusterLoadAssignment.newBuilder().setClusterName(name).build();
  }
}
