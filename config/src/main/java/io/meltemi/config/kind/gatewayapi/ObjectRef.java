package io.meltemi.config.kind.gatewayapi;

import java.util.Optional;

/**
 * A reference to another object.
 *
 * @param group empty for the core group
 * @param namespace unset means that of the referring object
 */
public record ObjectRef(String group, String kind, String name, Optional<String> namespace) {

  /** True for a kind of a group. */
  public boolean is(String ofGroup, String ofKind) {
    return group.equals(ofGroup) && kind.equals(ofKind);
  }

  /** The namespace, or that of the referring object. */
  public String namespaceOr(String own) {
    return namespace.orElse(own);
  }
}
