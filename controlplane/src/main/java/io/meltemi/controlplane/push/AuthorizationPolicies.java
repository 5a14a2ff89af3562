package io.meltemi.controlplane.push;

import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy;
import io.meltemi.config.resource.Resource;
import io.meltemi.controlplane.registry.MeshService;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which AuthorizationPolicies are for a proxy: those of the root namespace and of its own. */
final class AuthorizationPolicies {
  private final Map<String, List<Resource<AuthorizationPolicy>>> byNamespace = new HashMap<>();
  private final String rootNamespace;

  /**
   * Indexes them.
   *
   * @param policies in order of precedence
   */
  AuthorizationPolicies(List<Resource<AuthorizationPolicy>> policies, String rootNamespace) {
    this.rootNamespace = rootNamespace;
    for (Resource<AuthorizationPolicy> policy : policies) {
      byNamespace.computeIfAbsent(policy.namespace(), _ -> new ArrayList<>()).add(policy);
    }
  }

  /** Those of the root namespace first. */
  List<Resource<AuthorizationPolicy>> of(ProxyNode node) {
    if (byNamespace.isEmpty()) {
      return List.of();
    }
    List<Resource<AuthorizationPolicy>> found = new ArrayList<>();
    add(rootNamespace, node, found);
    if (!node.namespace().equals(rootNamespace)) {
      add(node.namespace(), node, found);
    }
    return found;
  }

  /**
   * Those that name a waypoint, or the service behind it; it has no others.
   *
   * @param entries names of the ServiceEntries that the service comes from
   */
  List<Resource<AuthorizationPolicy>> of(
      ProxyNode waypoint, MeshService service, Set<String> entries) {
    List<Resource<AuthorizationPolicy>> found = new ArrayList<>();
    Set<String> namespaces =
        new LinkedHashSet<>(List.of(rootNamespace, waypoint.namespace(), service.namespace()));
    for (String namespace : namespaces) {
      for (Resource<AuthorizationPolicy> policy : byNamespace.getOrDefault(namespace, List.of())) {
        if (policy.spec().targets().stream()
            .anyMatch(
                target ->
                    PolicyTargets.isTarget(
                            target.group(),
                            target.kind(),
                            target.name(),
                            policy,
                            waypoint,
                            rootNamespace)
                        || PolicyTargets.isTarget(
                            target.group(),
                            target.kind(),
                            target.name(),
                            policy,
                            service,
                            entries))) {
          found.add(policy);
        }
      }
    }
    return found;
  }

  private void add(String namespace, ProxyNode node, List<Resource<AuthorizationPolicy>> found) {
    for (Resource<AuthorizationPolicy> policy : byNamespace.getOrDefault(namespace, List.of())) {
      if (selects(policy, node)) {
        found.add(policy);
      }
    }
  }

  private boolean selects(Resource<AuthorizationPolicy> policy, ProxyNode node) {
    AuthorizationPolicy spec = policy.spec();
    if (!spec.targets().isEmpty()) {
      return spec.targets().stream()
          .anyMatch(
              target ->
                  PolicyTargets.isTarget(
                      target.group(), target.kind(), target.name(), policy, node, rootNamespace));
    }
    return spec.selector().map(node.labels()::matches).orElse(true);
  }
}
