package io.meltemi.xds.server;

import io.meltemi.xds.resource.EncodedResource;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * What there is now, of one type for one connection. The connection works out what of it has to be
 * sent.
 *
 * @param version of the whole configuration, for people to read
 * @param resources what exists
 * @param everything the resources are all there are, so that what is held and absent here is gone;
 *     else only {@code names} were looked at
 * @param names looked at, when not everything was
 * @param forced names to be sent even when the client holds that very version
 * @param removals whether to tell the client now of what is gone; what is not told stays held
 * @param answer send a response even when there is nothing to say
 */
public record DiscoveryUpdate(
    String version,
    List<EncodedResource> resources,
    boolean everything,
    Collection<String> names,
    Set<String> forced,
    boolean removals,
    boolean answer) {

  /** All there is of a type. */
  public static DiscoveryUpdate everything(String version, List<EncodedResource> resources) {
    return new DiscoveryUpdate(version, resources, true, Set.of(), Set.of(), true, false);
  }

  /** What there is of some names. */
  public static DiscoveryUpdate of(
      String version, Collection<String> names, List<EncodedResource> resources) {
    return new DiscoveryUpdate(version, resources, false, names, Set.of(), true, false);
  }

  public DiscoveryUpdate withForced(Set<String> value) {
    return new DiscoveryUpdate(version, resources, everything, names, value, removals, answer);
  }

  public DiscoveryUpdate withoutRemovals() {
    return new DiscoveryUpdate(version, resources, everything, names, forced, false, answer);
  }

  public DiscoveryUpdate withAnswer() {
    return new DiscoveryUpdate(version, resources, everything, names, forced, removals, true);
  }
}
