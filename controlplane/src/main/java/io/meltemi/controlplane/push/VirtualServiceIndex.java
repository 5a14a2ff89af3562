package io.meltemi.controlplane.push;

import io.meltemi.common.validation.Violation;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.gatewayapi.GatewayApi;
import io.meltemi.controlplane.registry.ExportTo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Virtual services by gateway and by who may see them, each list in Istio's order of precedence.
 */
final class VirtualServiceIndex {
  /** By gateway name. */
  private final Map<String, Visible> byGateway = new HashMap<>();

  private final List<Problem> problems = new ArrayList<>();

  /** By namespace that sees them; public ones apart. */
  private static final class Visible {
    final Map<String, List<Resource<VirtualService>>> onlyTo = new HashMap<>();
    final Map<String, List<Resource<VirtualService>>> exportedTo = new HashMap<>();
    final List<Resource<VirtualService>> everywhere = new ArrayList<>();
  }

  /**
   * Indexes them.
   *
   * @param resources as written, in order of precedence
   * @param defaultExportTo of the mesh
   */
  VirtualServiceIndex(
      List<Resource<VirtualService>> resources, List<String> defaultExportTo, String domain) {
    List<Resource<VirtualService>> completed =
        resources.stream()
            .map(written -> VirtualServiceCompletion.complete(written, domain))
            .toList();
    Delegation delegation = new Delegation(completed, defaultExportTo);
    for (Resource<VirtualService> written : completed) {
      if (written.spec().isDelegate()) {
        continue;
      }
      Resource<VirtualService> resource = delegation.resolve(written);
      ExportTo exportTo =
          ExportTo.of(resource.spec().exportTo(), defaultExportTo, resource.namespace());
      for (String gateway : resource.spec().gateways()) {
        add(byGateway.computeIfAbsent(gateway, _ -> new Visible()), exportTo, resource);
      }
    }
    problems.addAll(delegation.problems());
    Visible mesh = byGateway.get(VirtualService.MESH_GATEWAY);
    if (mesh != null) {
      addTakenHosts(mesh.everywhere);
    }
  }

  /** Of several rules of the mesh for one host only the oldest counts. */
  private void addTakenHosts(List<Resource<VirtualService>> rules) {
    Map<String, Resource<VirtualService>> takenBy = new HashMap<>();
    for (Resource<VirtualService> rule : rules) {
      if (rule.spec().http().isEmpty() || GatewayApi.isGatewayRoute(rule)) {
        continue;
      }
      for (int i = 0; i < rule.spec().hosts().size(); i++) {
        String host = rule.spec().hosts().get(i);
        Resource<VirtualService> first = takenBy.putIfAbsent(host, rule);
        if (first != null) {
          problems.add(
              new Problem(
                  Problem.Severity.WARNING,
                  rule.toString(),
                  new Violation(
                      rule.origin(),
                      "spec.hosts[" + i + ']',
                      host,
                      "a host of one VirtualService of the mesh; sidecars follow " + first)));
        }
      }
    }
  }

  /** What has no effect for any proxy, and why. */
  List<Problem> problems() {
    return problems;
  }

  private static void add(Visible visible, ExportTo exportTo, Resource<VirtualService> resource) {
    if (exportTo.everyone()) {
      visible.everywhere.add(resource);
      return;
    }
    var lists = exportTo.onlyTo(resource.namespace()) ? visible.onlyTo : visible.exportedTo;
    for (String namespace : exportTo.namespaces()) {
      lists.computeIfAbsent(namespace, _ -> new ArrayList<>()).add(resource);
    }
  }

  private static boolean isConsumerRoute(Resource<VirtualService> resource, String namespace) {
    return resource.namespace().equals(namespace) && GatewayApi.isGatewayRoute(resource);
  }

  /**
   * The virtual services of a gateway ({@code mesh} or {@code namespace/name}) that a namespace
   * sees: its private ones, those exported to it, those exported to all; oldest first in each.
   */
  List<Resource<VirtualService>> of(String gateway, String namespace) {
    Visible visible = byGateway.get(gateway);
    if (visible == null) {
      return List.of();
    }
    List<Resource<VirtualService>> all =
        new ArrayList<>(visible.onlyTo.getOrDefault(namespace, List.of()));
    all.addAll(visible.exportedTo.getOrDefault(namespace, List.of()));
    // A route of the clients' own namespace comes before one of the service's.
    visible.everywhere.stream()
        .filter(resource -> isConsumerRoute(resource, namespace))
        .forEach(all::add);
    visible.everywhere.stream()
        .filter(resource -> !isConsumerRoute(resource, namespace))
        .forEach(all::add);
    return List.copyOf(all);
  }
}
