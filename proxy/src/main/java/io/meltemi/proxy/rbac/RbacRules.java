package io.meltemi.proxy.rbac;

import java.util.Optional;

/**
 * The rules of one filter.
 *
 * @param enforced decides; without it everything passes
 * @param shadow is asked and reported only
 */
public record RbacRules(Optional<AccessEngine> enforced, Optional<AccessEngine> shadow) {
  /** No rules: everything passes and nothing is reported. */
  public static final RbacRules NONE = new RbacRules(Optional.empty(), Optional.empty());
}
