package io.meltemi.xds.client;

import io.meltemi.xds.resource.TypeUrl;
import java.util.List;

/**
 * One response, as a change. The same for both variants of the protocol: a state-of-the-world
 * response of clusters or listeners is compared with what was accepted before, so that only new and
 * different resources are upserts and only vanished ones removals.
 *
 * @param type of all resources in it
 * @param version the server's version of the response, for people to read
 * @param upserts new or changed resources, in the server's order
 * @param removals names that no longer exist, or that were asked for and do not exist
 */
public record ResourceUpdate(
    TypeUrl type, String version, List<ReceivedResource> upserts, List<String> removals) {
  public ResourceUpdate {
    upserts = List.copyOf(upserts);
    removals = List.copyOf(removals);
  }
}
