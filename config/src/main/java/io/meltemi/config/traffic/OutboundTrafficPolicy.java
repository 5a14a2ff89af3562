package io.meltemi.config.traffic;

import java.util.Optional;

/**
 * What happens to traffic for hosts the mesh does not know.
 *
 * @param egressProxy where unknown traffic goes instead of straight out
 */
public record OutboundTrafficPolicy(Mode mode, Optional<Destination> egressProxy) {
  /** The first one is what an empty message means, unlike an absent one. */
  public enum Mode {
    REGISTRY_ONLY,
    ALLOW_ANY,
    ALLOW_ANY_DYNAMIC_DNS
  }
}
