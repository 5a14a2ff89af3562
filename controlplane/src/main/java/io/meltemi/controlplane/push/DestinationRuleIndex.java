package io.meltemi.controlplane.push;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.resource.Resource;
import io.meltemi.controlplane.registry.ExportTo;
import io.meltemi.controlplane.registry.HostNames;
import io.meltemi.controlplane.registry.MeshService;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Destination rules by namespace and host, merged; answers which one a client uses. */
final class DestinationRuleIndex {
  private final Map<String, Map<String, List<MeshDestinationRule>>> byNamespace = new HashMap<>();
  private final String rootNamespace;
  private final Set<String> hostsWithDuplicates = new TreeSet<>();

  /**
   * Indexes them.
   *
   * @param resources as written, in order of precedence
   * @param defaultExportTo of the mesh
   */
  DestinationRuleIndex(
      List<Resource<DestinationRule>> resources,
      List<String> defaultExportTo,
      String domain,
      String rootNamespace) {
    this.rootNamespace = rootNamespace;
    for (Resource<DestinationRule> resource : resources) {
      String host =
          HostNames.complete(
              resource.spec().host().toLowerCase(Locale.ROOT), resource.namespace(), domain);
      ExportTo exportTo =
          resource.spec().workloadSelector().isPresent()
              ? new ExportTo(false, Set.of(resource.namespace()))
              : ExportTo.of(resource.spec().exportTo(), defaultExportTo, resource.namespace());
      DestinationRule rule =
          new DestinationRule(
              host,
              resource.spec().trafficPolicy(),
              resource.spec().subsets(),
              resource.spec().exportTo(),
              resource.spec().workloadSelector());
      merge(
          byNamespace
              .computeIfAbsent(resource.namespace(), _ -> new LinkedHashMap<>())
              .computeIfAbsent(host, _ -> new ArrayList<>()),
          new MeshDestinationRule(rule, exportTo, List.of(resource)));
    }
  }

  /** Adds a rule to those of its host, into the one with the same audience if there is one. */
  private void merge(List<MeshDestinationRule> rules, MeshDestinationRule added) {
    for (int i = 0; i < rules.size(); i++) {
      MeshDestinationRule present = rules.get(i);
      if (present.exportTo().equals(added.exportTo())
          && present.workloadSelector().equals(added.workloadSelector())) {
        rules.set(i, merge(present, added));
        return;
      }
    }
    rules.add(added);
  }

  private MeshDestinationRule merge(MeshDestinationRule present, MeshDestinationRule added) {
    List<DestinationRule.Subset> subsets = new ArrayList<>(present.rule().subsets());
    Set<String> names = new TreeSet<>();
    subsets.forEach(subset -> names.add(subset.name()));
    for (DestinationRule.Subset subset : added.rule().subsets()) {
      if (names.add(subset.name())) {
        subsets.add(subset);
      } else {
        hostsWithDuplicates.add(present.rule().host());
      }
    }
    List<Resource<DestinationRule>> from = new ArrayList<>(present.from());
    from.addAll(added.from());
    DestinationRule rule = present.rule();
    return new MeshDestinationRule(
        new DestinationRule(
            rule.host(),
            rule.trafficPolicy().isPresent() ? rule.trafficPolicy() : added.rule().trafficPolicy(),
            subsets,
            rule.exportTo(),
            rule.workloadSelector()),
        present.exportTo(),
        from);
  }

  /** Hosts that several rules give subsets of one name, of which only the oldest counts. */
  int hostsWithDuplicates() {
    return hostsWithDuplicates.size();
  }

  /**
   * The rule a client uses for a service: one of its own namespace, else one that the service's
   * namespace exports to it, else one that the root namespace exports to it. Only one of these
   * counts, and within it the most specific host.
   */
  Optional<MeshDestinationRule> find(String namespace, Labels client, MeshService service) {
    Optional<MeshDestinationRule> own =
        namespace.equals(rootNamespace)
            ? inNamespace(namespace, namespace, client, service.hostname(), true)
            : inNamespace(namespace, namespace, client, service.hostname(), false);
    if (own.isPresent()) {
      return own;
    }
    if (!service.namespace().equals(namespace) || namespace.equals(rootNamespace)) {
      Optional<MeshDestinationRule> exported =
          inNamespace(service.namespace(), namespace, client, service.hostname(), false);
      if (exported.isPresent()) {
        return exported;
      }
    }
    return inNamespace(rootNamespace, namespace, client, service.hostname(), false);
  }

  private Optional<MeshDestinationRule> inNamespace(
      String owner, String namespace, Labels client, String host, boolean privateOnly) {
    Map<String, List<MeshDestinationRule>> hosts = byNamespace.getOrDefault(owner, Map.of());
    if (hosts.isEmpty()) {
      return Optional.empty();
    }
    boolean ownRules = owner.equals(namespace);
    for (String candidate : HostNames.covering(host)) {
      Optional<MeshDestinationRule> rule =
          choose(
              hosts.getOrDefault(candidate, List.of()), namespace, client, ownRules, privateOnly);
      if (rule.isPresent()) {
        return rule;
      }
    }
    return Optional.empty();
  }

  /**
   * The first rule with a selector for the client, else the last without: of rules that could not
   * be merged, because they are exported differently, the youngest counts.
   */
  private static Optional<MeshDestinationRule> choose(
      List<MeshDestinationRule> rules,
      String namespace,
      Labels client,
      boolean ownRules,
      boolean privateOnly) {
    Optional<MeshDestinationRule> forAll = Optional.empty();
    for (MeshDestinationRule rule : rules) {
      if ((privateOnly && !rule.exportTo().onlyTo(namespace))
          || (!ownRules && !rule.exportTo().visibleTo(namespace))) {
        continue;
      }
      Optional<Labels> selector = rule.workloadSelector();
      if (selector.isEmpty()) {
        forAll = Optional.of(rule);
      } else if (ownRules && client.matches(selector.get())) {
        return Optional.of(rule);
      }
    }
    return forAll;
  }
}
