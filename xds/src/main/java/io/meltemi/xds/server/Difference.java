package io.meltemi.xds.server;

import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.ResourceGroup;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What an update means for a subscription.
 *
 * @param upserts to be sent
 * @param changed names whose content is new to the client
 * @param removed names that are gone
 */
record Difference(List<EncodedResource> upserts, List<String> changed, List<String> removed) {

  static Difference of(Subscription subscription, DiscoveryUpdate update) {
    List<EncodedResource> changes = new ArrayList<>();
    Set<String> removed = new LinkedHashSet<>();
    for (int i = 0; i < update.groups().size(); i++) {
      ResourceGroup before =
          i < subscription.held.size() ? subscription.held.get(i) : ResourceGroup.EMPTY;
      ResourceGroup.Difference difference = update.groups().get(i).since(before);
      changes.addAll(difference.changed());
      removed.addAll(difference.removed());
    }
    for (int i = update.groups().size(); i < subscription.held.size(); i++) {
      removed.addAll(subscription.held.get(i).names());
    }
    if (!subscription.leftOver.isEmpty()) {
      changes.removeIf(resource -> resource.equals(subscription.leftOver.get(resource.name())));
      removed.addAll(subscription.leftOver.names());
    }
    for (String name : update.asked()) {
      if (!subscription.holds(name)) {
        removed.add(name);
      }
    }
    removed.removeIf(update::has);
    List<String> changed = changes.stream().map(EncodedResource::name).toList();
    if (!update.forced().isEmpty()) {
      Set<String> sent = Set.copyOf(changed);
      for (String name : update.forced()) {
        if (!sent.contains(name)) {
          addForced(name, subscription, update, changes, removed);
        }
      }
    }
    return new Difference(changes, changed, List.copyOf(removed));
  }

  private static void addForced(
      String name,
      Subscription subscription,
      DiscoveryUpdate update,
      List<EncodedResource> upserts,
      Set<String> removed) {
    for (ResourceGroup group : update.groups()) {
      EncodedResource resource = group.get(name);
      if (resource != null) {
        upserts.add(resource);
        return;
      }
    }
    if (!subscription.holds(name)) {
      removed.add(name);
    }
  }
}
