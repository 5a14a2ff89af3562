package io.meltemi.xds.server;

import java.util.Set;

/**
 * What a client newly asked for.
 *
 * @param everything the wildcard
 * @param names explicit names, which may be given together with the wildcard
 * @param resumed the client said which versions it has, and needs only what differs
 */
public record ResourceRequest(boolean everything, Set<String> names, boolean resumed) {
  public ResourceRequest {
    names = Set.copyOf(names);
  }
}
