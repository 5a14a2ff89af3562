package io.meltemi.controlplane.translate.cluster;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.meltemi.common.validation.Origin;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.View;
import io.meltemi.controlplane.push.Views;
import io.meltemi.controlplane.translate.DynamicDns;
import io.meltemi.controlplane.translate.WaypointServices;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * All clusters of a proxy: one per service port and subset that it may reach, those of the ports it
 * serves, and the special ones for traffic that belongs to no service.
 */
public final class ClusterGenerator implements ResourceGenerator {

  @Override
  public TypeUrl type() {
    return TypeUrl.CLUSTER;
  }

  @Override
  public List<View> views(ProxyNode node, Views views) {
    return node.isSidecar()
        ? List.of(views.destinations(node), views.inbound(node))
        : List.of(views.whole(node));
  }

  @Override
  public List<GeneratedResource> generate(
      View view, PushContext context, Collection<String> names) {
    ProxyNode node = view.node();
    List<GeneratedResource> clusters = new ArrayList<>();
    if (view.has(View.Part.OUTBOUND)) {
      OutboundClusters outbound = new OutboundClusters(view, context);
      if (node.isWaypoint()) {
        clusters.addAll(WaypointClusters.of(context.mesh()));
        clusters.addAll(outbound.clusters(WaypointServices.of(node, context)));
      } else {
        clusters.addAll(outbound.clusters());
      }
      clusters.add(SpecialClusters.blackHole(context.mesh()));
      if (node.isSidecar()) {
        clusters.add(SpecialClusters.passthrough(context.mesh()));
        if (DynamicDns.of(node, context).anyHost()) {
          clusters.add(SpecialClusters.anyHost(node, context.mesh()));
        }
      }
    }
    if (node.isSidecar() && view.has(View.Part.INBOUND)) {
      if (node.placement().isEmpty()) {
        clusters.add(SpecialClusters.inboundPassthrough(node, context.mesh()));
      }
      clusters.addAll(new InboundClusters(node, context).clusters());
    }
    Set<String> seen = new HashSet<>();
    List<GeneratedResource> resources = new ArrayList<>(clusters.size());
    for (GeneratedResource cluster : clusters) {
      // two services of one host name would give equal names, which a proxy rejects
      if (seen.add(cluster.name())) {
        resources.add(cluster);
      }
    }
    return resources;
  }

  static GeneratedResource resource(Cluster cluster, List<Origin> origins) {
    return new GeneratedResource(cluster.getName(), cluster, origins);
  }
}
