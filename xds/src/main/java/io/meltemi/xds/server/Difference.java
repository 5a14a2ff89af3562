package io.meltemi.xds.server;

import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.ResourceGroup;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What an update means for a subscription. What is the same for other clients is the same list.
 *
 * @param upserts to be sent
 * @param changed names whose content is new to the client, group by group
 * @param removed names that are gone
 * @param toSend how much the upserts are
 * @param news how much of them is new to the client
 */
record Difference(
    List<EncodedResource> upserts,
    List<List<String>> changed,
    List<String> removed,
    Amount toSend,
    Amount news) {

  static Difference of(Subscription subscription, DiscoveryUpdate update) {
    List<List<EncodedResource>> upserts = new ArrayList<>();
    List<List<String>> changed = new ArrayList<>();
    Set<String> removed = new LinkedHashSet<>();
    Amount toSend = Amount.NONE;
    Amount news = Amount.NONE;
    int found = 0;
    for (int i = 0; i < update.groups().size(); i++) {
      ResourceGroup before =
          i < subscription.held.size() ? subscription.held.get(i) : ResourceGroup.EMPTY;
      ResourceGroup.Difference part = update.groups().get(i).since(before, update.forced());
      found += part.found();
      removed.addAll(part.removed());
      if (subscription.leftOver.isEmpty()) {
        upserts.add(part.upserts());
        changed.add(part.changedNames());
        toSend = toSend.plus(new Amount(part.upserts().size(), part.upsertBytes()));
        news = news.plus(new Amount(part.changed().size(), part.changedBytes()));
      } else {
        List<EncodedResource> sent =
            part.upserts().stream()
                .filter(
                    resource ->
                        !has(subscription.leftOver, resource)
                            || update.forced().contains(resource.name()))
                .toList();
        List<EncodedResource> unknown =
            part.changed().stream()
                .filter(resource -> !has(subscription.leftOver, resource))
                .toList();
        upserts.add(sent);
        changed.add(unknown.stream().map(EncodedResource::name).toList());
        toSend = toSend.plus(Amount.of(sent));
        news = news.plus(Amount.of(unknown));
      }
    }
    for (int i = update.groups().size(); i < subscription.held.size(); i++) {
      removed.addAll(subscription.held.get(i).names());
    }
    removed.addAll(subscription.leftOver.names());
    tellOfMissing(update.asked(), subscription, removed);
    if (found < update.forced().size()) {
      tellOfMissing(update.forced(), subscription, removed);
    }
    removed.removeIf(update::has);
    changed.removeIf(List::isEmpty);
    return new Difference(
        joined(upserts), List.copyOf(changed), List.copyOf(removed), toSend, news);
  }

  private static boolean has(ResourceGroup group, EncodedResource resource) {
    return resource.equals(group.get(resource.name()));
  }

  /** Whoever asks for what it does not hold is told that it does not exist. */
  private static void tellOfMissing(
      Collection<String> names, Subscription subscription, Set<String> removed) {
    for (String name : names) {
      if (!subscription.holds(name)) {
        removed.add(name);
      }
    }
  }

  /** All in their order; the list itself when there is one. */
  private static List<EncodedResource> joined(List<List<EncodedResource>> lists) {
    lists.removeIf(List::isEmpty);
    return switch (lists.size()) {
      case 0 -> List.of();
      case 1 -> lists.getFirst();
      default -> lists.stream().flatMap(List::stream).toList();
    };
  }
}
