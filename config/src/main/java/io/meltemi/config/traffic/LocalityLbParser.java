package io.meltemi.config.traffic;

import io.meltemi.config.traffic.LocalityLb.Distribute;
import io.meltemi.config.traffic.LocalityLb.Failover;
import io.meltemi.config.yaml.ObjectReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads {@code LocalityLoadBalancerSetting} and {@code ZoneAwareLoadBalancerSetting}. */
public final class LocalityLbParser {
  private static final String REGION = "topology.kubernetes.io/region";
  private static final Set<String> TOPOLOGY =
      Set.of(REGION, "topology.kubernetes.io/zone", "topology.istio.io/subzone");

  private LocalityLbParser() {}

  public static LocalityLb parse(ObjectReader reader) {
    List<String> froms = new ArrayList<>();
    List<Distribute> distribute = reader.objects("distribute", entry -> distribute(entry, froms));
    List<Failover> failover = reader.objects("failover", LocalityLbParser::failover);
    List<String> priority = reader.strings("failoverPriority");
    if (!distribute.isEmpty() && (!failover.isEmpty() || !priority.isEmpty())) {
      reader.error("distribute", "distribute beside failover", "only one of the two");
    }
    if (!failover.isEmpty() && priority.stream().anyMatch(key -> key.startsWith(REGION))) {
      reader.error("failoverPriority", REGION, "no topology region while failover names regions");
    }
    return new LocalityLb(distribute, failover, priority, reader.optionalBool("enabled"));
  }

  private static Distribute distribute(ObjectReader reader, List<String> froms) {
    String from = reader.string("from");
    checkPattern(reader, "from", from);
    for (String other : froms) {
      if (overlap(from, other)) {
        reader.error("from", '"' + from + '"', "a locality not covered by \"" + other + "\"");
      }
    }
    froms.add(from);
    Map<String, Integer> to = reader.integerMap("to", 1, 100);
    int sum = to.values().stream().mapToInt(Integer::intValue).sum();
    if (sum != 100) {
      reader.error("to", "weights that sum up to " + sum, "a sum of 100");
    }
    to.keySet().forEach(locality -> checkPattern(reader, "to", locality));
    return new Distribute(from, to);
  }

  private static void checkPattern(ObjectReader reader, String field, String pattern) {
    String[] parts = pattern.split("/", -1);
    boolean good = parts.length <= 3;
    for (int i = 0; i < parts.length; i++) {
      boolean last = i == parts.length - 1;
      good &= !parts[i].isEmpty() && (!parts[i].contains("*") || (last && parts[i].equals("*")));
    }
    if (!good) {
      reader.error(
          field,
          '"' + pattern + '"',
          "region, region/zone or region/zone/subzone; '*' only as the last part");
    }
  }

  private static boolean overlap(String one, String other) {
    String a = one.endsWith("*") ? one.substring(0, one.length() - 1) : one + "/";
    String b = other.endsWith("*") ? other.substring(0, other.length() - 1) : other + "/";
    return a.startsWith(b) || b.startsWith(a);
  }

  private static Failover failover(ObjectReader reader) {
    Failover failover = new Failover(reader.string("from"), reader.string("to"));
    if (failover.from().equals(failover.to())) {
      reader.error("to", '"' + failover.to() + '"', "another region than in from");
    }
    checkRegion(reader, "from", failover.from());
    checkRegion(reader, "to", failover.to());
    return failover;
  }

  private static void checkRegion(ObjectReader reader, String field, String region) {
    if (region.isEmpty() || region.contains("/") || region.contains("*")) {
      reader.error(field, '"' + region + '"', "the name of a region, without zone or '*'");
    }
  }

  public static ZoneAwareLb zoneAware(ObjectReader reader) {
    List<Failover> failover = reader.objects("failover", LocalityLbParser::failover);
    List<String> priority = reader.strings("failoverPriority");
    for (int i = 0; i < priority.size(); i++) {
      if (TOPOLOGY.contains(priority.get(i).split("=", 2)[0])) {
        reader.error(
            "failoverPriority", i, priority.get(i), "labels other than region, zone and subzone");
      }
    }
    return new ZoneAwareLb(
        reader.optionalBool("enabled"),
        failover,
        priority,
        reader.longInteger("minClusterSize", 1, Long.MAX_VALUE));
  }
}
