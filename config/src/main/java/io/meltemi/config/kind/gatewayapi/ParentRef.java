package io.meltemi.config.kind.gatewayapi;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a route wants to be attached to. The fields are as written, so that a status can repeat
 * them.
 *
 * @param group unset means {@code gateway.networking.k8s.io}; empty is the core group
 * @param kind unset means Gateway
 * @param namespace unset means that of the route
 * @param sectionName a listener, unset means all
 */
public record ParentRef(
    Optional<String> group,
    Optional<String> kind,
    Optional<String> namespace,
    String name,
    Optional<String> sectionName,
    OptionalInt port) {
  /** The group of the Gateway API. */
  public static final String GROUP = "gateway.networking.k8s.io";

  public String effectiveGroup() {
    return group.orElse(GROUP);
  }

  public String effectiveKind() {
    return kind.orElse("Gateway");
  }

  /** True for a kind of a group, defaults considered. */
  public boolean is(String ofGroup, String ofKind) {
    return effectiveGroup().equals(ofGroup) && effectiveKind().equals(ofKind);
  }
}
