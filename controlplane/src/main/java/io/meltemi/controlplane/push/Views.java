package io.meltemi.controlplane.push;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.Locality;
import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.kind.destinationrule.LoadBalancer;
import io.meltemi.config.kind.destinationrule.TrafficPolicy;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter;
import io.meltemi.config.kind.sidecar.Sidecar;
import io.meltemi.config.kind.trafficextension.TrafficExtension;
import io.meltemi.config.kind.virtualservice.HttpMatch;
import io.meltemi.config.kind.virtualservice.SourceMatch;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.LocalityLb;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the configuration of a world looks at of proxies, and so how much of a proxy a view must
 * keep: of labels those alone that some selector asks for, of metadata what some patch asks for.
 * Immutable; any thread.
 */
public final class Views {
  private static final String ADDRESS_4 = "0.0.0.0";
  private static final String ADDRESS_6 = "::";

  private final PushContext context;
  private final Looked looked;

  Views(PushContext context) {
    this.context = context;
    this.looked = context.derive(Looked.class, Looked::new);
  }

  /** What selectors, patches and policies ask for. */
  private static final class Looked {
    private final Map<String, Set<String>> labels = new HashMap<>();
    private final Set<String> labelKeys = new HashSet<>(PolicyTargets.LABELS);
    private final Set<String> metadataKeys = new HashSet<>(Set.of(ProxyNode.NETWORK_VIEW));
    private boolean versions;
    private boolean nodeNames;
    private boolean endpoints;

    private Looked(PushContext context) {
      PushContext.Traffic traffic = context.traffic();
      for (Resource<Sidecar> sidecar : traffic.sidecars()) {
        sidecar.spec().workloadSelector().ifPresent(this::addSelector);
      }
      for (Resource<TrafficExtension> extension : traffic.extensions()) {
        extension.spec().selector().ifPresent(this::addSelector);
      }
      traffic.envoyFilters().forEach(filter -> addFilter(filter.spec()));
      traffic.virtualServices().forEach(service -> addSources(service.spec()));
      for (Resource<DestinationRule> rule : traffic.destinationRules()) {
        rule.spec().workloadSelector().ifPresent(this::addSelector);
        rule.spec().trafficPolicy().ifPresent(this::addPolicy);
        rule.spec().subsets().forEach(subset -> subset.trafficPolicy().ifPresent(this::addPolicy));
      }
      context.mesh().upstream().localityLb().ifPresent(this::addLocalities);
      for (MeshService service : context.services()) {
        nodeNames |= service.attributes().localNodeOnly();
        if (!service.attributes().trafficDistribution().isEmpty()) {
          addPlaces();
        }
        endpoints |= service.resolution() == Resolution.PASSTHROUGH;
      }
    }

    private void addSelector(Labels selector) {
      selector
          .values()
          .forEach((key, value) -> labels.computeIfAbsent(key, _ -> new HashSet<>()).add(value));
    }

    private void addFilter(EnvoyFilter filter) {
      filter.workloadSelector().ifPresent(this::addSelector);
      for (EnvoyFilter.Patch patch : filter.patches()) {
        versions |= !patch.match().proxyVersion().isEmpty();
        metadataKeys.addAll(patch.match().proxyMetadata().keySet());
      }
    }

    private void addSources(VirtualService service) {
      service
          .http()
          .forEach(route -> route.match().stream().map(HttpMatch::source).forEach(this::addSource));
      service.tls().forEach(route -> route.match().forEach(match -> addSource(match.source())));
      service.tcp().forEach(route -> route.match().forEach(match -> addSource(match.source())));
    }

    private void addSource(SourceMatch source) {
      addSelector(source.labels());
    }

    private void addPolicy(TrafficPolicy policy) {
      policy.loadBalancer().flatMap(LoadBalancer::localityLb).ifPresent(this::addLocalities);
      policy.portLevelSettings().stream()
          .flatMap(port -> port.loadBalancer().stream())
          .flatMap(balancer -> balancer.localityLb().stream())
          .forEach(this::addLocalities);
    }

    private void addPlaces() {
      nodeNames = true;
      labelKeys.addAll(ProxyNode.PLACES);
    }

    /** Endpoints may be ordered by what labels the client has. */
    private void addLocalities(LocalityLb localities) {
      for (String label : localities.failoverPriority()) {
        addPlaces();
        int equals = label.indexOf('=');
        labelKeys.add(equals < 0 ? label : label.substring(0, equals));
      }
    }
  }

  /** True when every proxy has the same views in another world. */
  boolean areThoseOf(Views other) {
    return looked == other.looked && !looked.endpoints;
  }

  /** All that a proxy is, but for its name. */
  public View whole(ProxyNode node) {
    return new View(View.Part.ALL, named(node, node.ips(), node.locality(), node.metadata()));
  }

  /** What a sidecar serves depends on all that it is. */
  public View inbound(ProxyNode node) {
    return new View(View.Part.INBOUND, whole(node).node());
  }

  /** Clusters and endpoints that a proxy sends to. */
  public View destinations(ProxyNode node) {
    return new View(
        View.Part.OUTBOUND, named(node, family(node), node.locality(), reduced(node.metadata())));
  }

  /** Listeners and routes for what a sidecar sends: where it runs does not matter. */
  public View routes(ProxyNode node) {
    return new View(
        View.Part.OUTBOUND,
        named(
            node,
            listensBesideItself(node) ? node.ips() : family(node),
            Locality.UNKNOWN,
            reduced(node.metadata())));
  }

  /** Endpoints of a headless service have listeners each, but for the proxy's own. */
  private boolean listensBesideItself(ProxyNode node) {
    return looked.endpoints
        && context.instancesOf(node).stream()
            .anyMatch(instance -> instance.service().resolution() == Resolution.PASSTHROUGH);
  }

  private static List<String> family(ProxyNode node) {
    return List.of(node.ip().indexOf(':') >= 0 ? ADDRESS_6 : ADDRESS_4);
  }

  private static ProxyNode named(
      ProxyNode node, List<String> ips, Locality locality, ProxyNode.Metadata metadata) {
    return new ProxyNode(
        node.type(), "", node.dnsDomain(), ips, locality, metadata, node.placement());
  }

  private ProxyNode.Metadata reduced(ProxyNode.Metadata all) {
    Map<String, String> kept = new HashMap<>();
    all.labels()
        .values()
        .forEach(
            (key, value) -> {
              if (looked.labelKeys.contains(key)
                  || looked.labels.getOrDefault(key, Set.of()).contains(value)) {
                kept.put(key, value);
              }
            });
    Map<String, String> values = new HashMap<>(all.values());
    values.keySet().retainAll(looked.metadataKeys);
    return new ProxyNode.Metadata(
        all.namespace(),
        Labels.of(kept),
        "",
        all.clusterId(),
        all.network(),
        looked.nodeNames ? all.nodeName() : "",
        all.interceptionMode(),
        all.httpProxyPort(),
        all.unprivilegedPod(),
        all.dnsCapture(),
        all.http10(),
        looked.versions ? all.istioVersion() : "",
        all.certificates(),
        all.gatewayTopology(),
        values);
  }
}
