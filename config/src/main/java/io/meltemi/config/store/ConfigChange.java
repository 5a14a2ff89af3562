package io.meltemi.config.store;

import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.resource.ResourceName;
import java.util.Optional;

/**
 * One resource is new, different or gone.
 *
 * @param before empty when new
 * @param after empty when gone
 */
public record ConfigChange(
    ResourceKind<?> kind,
    ResourceName name,
    Optional<Resource<?>> before,
    Optional<Resource<?>> after) {

  /** {@code changed VirtualService default/reviews}. */
  @Override
  public String toString() {
    String verb = before.isEmpty() ? "added" : after.isEmpty() ? "removed" : "changed";
    return verb + " " + kind.kind() + " " + name;
  }
}
