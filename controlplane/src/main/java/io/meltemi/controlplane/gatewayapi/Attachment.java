package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.kind.gatewayapi.ParentRef;
import io.meltemi.controlplane.registry.HostNames;
import java.util.Optional;
import java.util.Set;

/**
 * A route's reference to one parent: a reference to a gateway has one for each of its listeners.
 *
 * @param denied why the route is not attached; empty when it is
 * @param otherHosts hosts of the other listeners on the same port, which take what is theirs
 */
record Attachment(ParentRef ref, Parent parent, Optional<Denial> denied, Set<String> otherHosts) {

  /** Why a route is not attached to a parent. */
  record Denial(Reason reason, String message) {}

  /** Reasons, the one to tell first in front. */
  enum Reason {
    NotAllowedByListeners,
    NoMatchingListenerHostname,
    NoMatchingParent
  }

  Attachment {
    otherHosts = Set.copyOf(otherHosts);
  }

  /**
   * True when requests for a host of the route come to this listener, and are not taken by another
   * whose host says more.
   */
  boolean takes(String host) {
    String own = parent.hostname();
    if (!own.isEmpty() && !HostNames.isWildcard(own)) {
      return true;
    }
    if (!own.isEmpty() && !HostNames.overlap(host, own)) {
      return false;
    }
    return otherHosts.stream()
        .noneMatch(other -> own.length() <= other.length() && HostNames.isSubsetOf(host, other));
  }
}
