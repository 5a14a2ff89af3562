package io.meltemi.controlplane.translate.authz;

import io.meltemi.config.mesh.MeshConfig;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The names under which a workload of this mesh may come: identities of its trust domain and of its
 * aliases are equal.
 *
 * @param domains the trust domain, then its aliases
 */
record TrustedNames(List<String> domains) {
  private static final String LOCAL = "cluster.local";

  /** {@code domain/ns/namespace/sa/account}. */
  private static final int PARTS = 5;

  TrustedNames {
    domains = List.copyOf(domains);
  }

  static TrustedNames of(MeshConfig.Identity identity) {
    List<String> domains = new ArrayList<>();
    domains.add(identity.trustDomain());
    domains.addAll(identity.trustDomainAliases());
    return new TrustedNames(domains);
  }

  /** The principals, each of this mesh under every name it may have. */
  List<String> expand(List<String> principals) {
    Set<String> expanded = new LinkedHashSet<>();
    for (String principal : principals) {
      String[] parts = principal.split("/", -1);
      String domain = parts[0];
      if (parts.length != PARTS || domain.equals("*") || !isOurs(domain)) {
        expanded.add(principal);
        continue;
      }
      String rest = principal.substring(domain.length());
      for (String name : domains) {
        boolean covered = domain.startsWith("*") && name.endsWith(domain.substring(1));
        expanded.add(covered ? principal : name + rest);
      }
    }
    return List.copyOf(expanded);
  }

  private boolean isOurs(String domain) {
    return matches(domain, LOCAL) || domains.stream().anyMatch(name -> matches(domain, name));
  }

  private static boolean matches(String pattern, String name) {
    return pattern.startsWith("*") ? name.endsWith(pattern.substring(1)) : name.equals(pattern);
  }
}
