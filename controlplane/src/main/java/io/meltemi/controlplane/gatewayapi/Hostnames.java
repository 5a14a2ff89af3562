package io.meltemi.controlplane.gatewayapi;

import io.meltemi.controlplane.registry.HostNames;
import java.util.ArrayList;
import java.util.List;

/** How the hosts of listeners and routes meet. */
final class Hostnames {
  private Hostnames() {}

  /** True when either covers the other. */
  static boolean meet(String first, String second) {
    return HostNames.overlap(first, second);
  }

  /** The names that both lists cover, each the narrower of the two. */
  static List<String> both(List<String> first, List<String> second) {
    List<String> both = new ArrayList<>();
    for (String one : first) {
      for (String other : second) {
        if (HostNames.isSubsetOf(one, other)) {
          add(both, one);
        } else if (HostNames.isSubsetOf(other, one)) {
          add(both, other);
        }
      }
    }
    return both;
  }

  private static void add(List<String> names, String name) {
    if (!names.contains(name)) {
      names.add(name);
    }
  }
}
