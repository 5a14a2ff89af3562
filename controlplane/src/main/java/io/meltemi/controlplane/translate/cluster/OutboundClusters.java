package io.meltemi.controlplane.translate.cluster;

import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.MeshDestinationRule;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.SharedResources;
import io.meltemi.controlplane.push.View;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.registry.ServicePort;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.PassedServices;
import io.meltemi.controlplane.translate.ServiceTarget;
import io.meltemi.controlplane.translate.WaypointServices;
import io.meltemi.controlplane.translate.cluster.ServiceClusters.Way;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The clusters of the services that proxies of a view may reach. */
final class OutboundClusters {
  private final ProxyNode node;
  private final PushContext context;
  private final SharedResources shared;
  private final ServiceClusters clusters;

  OutboundClusters(View view, PushContext context) {
    this.node = view.node();
    this.context = context;
    this.shared = context.shared(view);
    this.clusters = new ServiceClusters(shared.client(), context);
  }

  List<GeneratedResource> clusters() {
    List<GeneratedResource> all = new ArrayList<>();
    for (MeshService service : context.sidecarScope(node).allServices()) {
      addAll(service, all);
    }
    addPassed(all);
    return all;
  }

  /** Those of a waypoint: of the services behind it, and of others that rules lead to. */
  List<GeneratedResource> clusters(WaypointServices waypoint) {
    List<GeneratedResource> all = new ArrayList<>();
    for (MeshService service : waypoint.services()) {
      for (ServicePort port : service.ports()) {
        if (port.protocol() != Protocol.UDP) {
          for (String kind : WaypointServices.kinds(port)) {
            addPort(
                service,
                port,
                kind.equals(WaypointServices.HTTP) ? Way.BEHIND_HTTP : Way.BEHIND_TCP,
                all);
          }
        }
      }
    }
    for (String host : waypoint.others()) {
      context.sidecarScope(node).service(host).ifPresent(service -> addAll(service, all));
    }
    return all;
  }

  private void addAll(MeshService service, List<GeneratedResource> all) {
    if (service.resolution() == Resolution.ALIAS) {
      return;
    }
    for (ServicePort port : service.ports()) {
      if (port.protocol() != Protocol.UDP) {
        addPort(service, port, Way.SERVICE, all);
      }
    }
  }

  private void addPort(
      MeshService service, ServicePort port, Way way, List<GeneratedResource> all) {
    Optional<MeshDestinationRule> rule = context.destinationRule(node, service);
    cluster(service, port, rule, Optional.empty(), way).ifPresent(all::add);
    if (rule.isPresent()) {
      for (DestinationRule.Subset subset : rule.get().rule().subsets()) {
        cluster(service, port, rule, Optional.of(subset), way).ifPresent(all::add);
      }
    }
  }

  /** The clusters of services that a gateway passes mutual TLS on to, unopened. */
  private void addPassed(List<GeneratedResource> all) {
    for (ClusterNames.Outbound passed : PassedServices.of(node, context)) {
      Optional<MeshService> service = context.sidecarScope(node).service(passed.host());
      Optional<ServicePort> port = service.flatMap(found -> found.port(passed.port()));
      if (service.isPresent() && port.isPresent()) {
        Optional<MeshDestinationRule> rule = context.destinationRule(node, service.get());
        Optional<DestinationRule.Subset> subset =
            rule.stream()
                .flatMap(found -> found.rule().subsets().stream())
                .filter(candidate -> candidate.name().equals(passed.subset()))
                .findFirst();
        cluster(service.get(), port.get(), rule, subset, Way.PASSED).ifPresent(all::add);
      }
    }
  }

  /** Nothing when there is nothing to resolve. */
  private Optional<GeneratedResource> cluster(
      MeshService service,
      ServicePort port,
      Optional<MeshDestinationRule> rule,
      Optional<DestinationRule.Subset> subset,
      Way way) {
    String subsetName = subset.map(DestinationRule.Subset::name).orElse("");
    ServiceTarget target =
        new ServiceTarget(
            way.clusterName(port.number(), subsetName, service.hostname()),
            service,
            port,
            rule,
            subset);
    return shared.get(new ServiceClusters.Wanted(target, way), clusters::make);
  }
}
