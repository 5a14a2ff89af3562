package io.meltemi.controlplane.translate.endpoint;

import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.MeshDestinationRule;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
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
    List<GeneratedResource> resources = new ArrayList<>(names.size());
    for (String name : names) {
      resources.add(generate(node, context, scope, name));
    }
    return resources;
  }

  private static GeneratedResource generate(
      ProxyNode node, PushContext context, SidecarScope scope, String name) {
    Optional<ClusterNames.Outbound> parts = ClusterNames.parseOutbound(name);
    Optional<MeshService> service = parts.flatMap(outbound -> scope.service(outbound.host()));
    Optional<ServicePort> port = parts.flatMap(outbound -> portOf(service, outbound.port()));
    if (parts.isEmpty() || service.isEmpty() || port.isEmpty()) {
      return new GeneratedResource(name, empty(name), List.of());
    }
    Optional<MeshDestinationRule> rule = context.destinationRule(node, service.get());
    List<Origin> origins = new ArrayList<>();
    rule.ifPresent(found -> origins.add(found.oldest().origin()));
    origins.add(service.get().origin());
    String subsetName = parts.get().subset();
    Optional<DestinationRule.Subset> subset =
        rule.flatMap(
            found ->
                found.rule().subsets().stream()
                    .filter(candidate -> candidate.name().equals(subsetName))
                    .findFirst());
    if (!subsetName.isEmpty() && subset.isEmpty()) {
      return new GeneratedResource(name, empty(name), origins);
    }
    TrafficPolicies.Effective policy =
        rule.isPresent() && subset.isPresent()
            ? TrafficPolicies.ofSubset(
                rule.get().rule(), subset.get(), port.get().number(), context.mesh())
            : TrafficPolicies.ofPort(
                rule.map(MeshDestinationRule::rule), port.get().number(), context.mesh());
    Labels labels = subset.map(DestinationRule.Subset::labels).orElse(Labels.EMPTY);
    ReachedEndpoints reached =
        ReachedEndpoints.of(
            ServiceEndpoints.of(node, context, service.get(), port.get(), labels, policy),
            node,
            context.networks(),
            endpoint -> MutualTlsClients.takes(context, endpoint, policy));
    if (ClusterNames.isInboundVip(name)) {
      return new GeneratedResource(
          name,
          EndpointAssignments.behindWaypoint(
              name,
              reached.endpoints(),
              LocalityPolicy.of(policy, context.mesh(), node.locality(), service.get()),
              node),
          origins);
    }
    if (ClusterNames.isPassed(name)) {
      reached = reached.onlyMutualTls();
    }
    ClusterLoadAssignment assignment =
        EndpointAssignments.assignment(
            name,
            reached.endpoints(),
            LocalityPolicy.of(policy, context.mesh(), node.locality(), service.get()),
            node,
            reached.mutualTls());
    return new GeneratedResource(name, assignment, origins);
  }

  private static Optional<ServicePort> portOf(Optional<MeshService> service, int number) {
    return service.flatMap(found -> found.port(number));
  }

  private static ClusterLoadAssignment empty(String name) {
    return ClusterLoadAssignment.newBuilder().setClusterName(name).build();
  }
}
