package io.meltemi.xds.server;

import io.meltemi.xds.resource.ResourceGroup;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * All there is now of one type for one connection: of what it wants, and nothing else. The
 * connection works out what of it has to be sent; that is cheap when the groups are those of other
 * connections too.
 *
 * @param version of the whole configuration, for people to read
 * @param groups what exists; each name in one of them
 * @param asked names just asked for: of those that do not exist the client is told
 * @param forced names to be sent even when the client holds that very version
 * @param removals whether to tell the client now of what is gone; what is not told stays held
 * @param answer send a response even when there is nothing to say
 */
public record DiscoveryUpdate(
    String version,
    List<ResourceGroup> groups,
    Collection<String> asked,
    Set<String> forced,
    boolean removals,
    boolean answer) {

  public static DiscoveryUpdate of(String version, List<ResourceGroup> groups) {
    return new DiscoveryUpdate(version, groups, List.of(), Set.of(), true, false);
  }

  public DiscoveryUpdate asked(Collection<String> names) {
    return new DiscoveryUpdate(version, groups, names, forced, removals, answer);
  }

  /** Those of some names. */
  public DiscoveryUpdate only(Set<String> names) {
    return new DiscoveryUpdate(
        version,
        groups.stream().map(group -> group.only(names)).toList(),
        asked,
        forced,
        removals,
        answer);
  }

  public DiscoveryUpdate withForced(Set<String> names) {
    return new DiscoveryUpdate(version, groups, asked, names, removals, answer);
  }

  public DiscoveryUpdate withoutRemovals() {
    return new DiscoveryUpdate(version, groups, asked, forced, false, answer);
  }

  public DiscoveryUpdate withAnswer() {
    return new DiscoveryUpdate(version, groups, asked, forced, removals, true);
  }

  /** All of it. */
  Amount amount() {
    int resources = 0;
    long bytes = 0;
    for (ResourceGroup group : groups) {
      resources += group.size();
      bytes += group.sizeBytes();
    }
    return new Amount(resources, bytes);
  }

  boolean has(String name) {
    for (ResourceGroup group : groups) {
      if (group.contains(name)) {
        return true;
      }
    }
    return false;
  }
}
