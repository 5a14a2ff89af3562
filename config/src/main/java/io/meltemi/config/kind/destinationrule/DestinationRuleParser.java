package io.meltemi.config.kind.destinationrule;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.destinationrule.DestinationRule.Subset;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.Hosts;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.yaml.ObjectReader;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads DestinationRule. */
public final class DestinationRuleParser {
  private DestinationRuleParser() {}

  public static DestinationRule parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with host");
    return document
        .object("spec", spec -> spec(spec, metadata))
        .orElseGet(
            () ->
                new DestinationRule("", Optional.empty(), List.of(), List.of(), Optional.empty()));
  }

  private static DestinationRule spec(ObjectReader reader, Metadata metadata) {
    String host = reader.string("host");
    if (host.isEmpty()) {
      reader.error("host", "nothing", "the name of a service");
    } else if (!Names.isWildcardDomain(host)) {
      reader.error("host", '"' + host + '"', Hosts.EXPECTED);
    }
    Optional<TrafficPolicy> policy = reader.object("trafficPolicy", TrafficPolicyParser::parse);
    Set<String> names = new HashSet<>();
    List<Subset> subsets = reader.objects("subsets", subset -> subset(subset, names));
    List<String> exportTo = Hosts.exportTo(reader, metadata.namespace(), false);
    Optional<Labels> selector =
        Selectors.workloads(reader, "workloadSelector", "matchLabels", true);
    if (selector.isPresent()) {
      for (int i = 0; i < exportTo.size(); i++) {
        String entry = exportTo.get(i);
        if (!entry.equals(".") && !entry.equals(metadata.namespace())) {
          reader.error(
              "exportTo", i, '"' + entry + '"', "only the own namespace beside workloadSelector");
        }
      }
    }
    return new DestinationRule(host, policy, subsets, exportTo, selector);
  }

  private static Subset subset(ObjectReader reader, Set<String> names) {
    String name = reader.string("name");
    if (name.isEmpty()) {
      reader.error("name", "nothing", "a name");
    } else if (!Names.isLabelWord(name)) {
      reader.error("name", '"' + name + '"', "letters, digits and inner '-'");
    } else if (!names.add(name)) {
      reader.error("name", '"' + name + '"', "each subset once");
    }
    return new Subset(
        name,
        Selectors.labels(reader, "labels"),
        reader.object("trafficPolicy", TrafficPolicyParser::parse));
  }
}
