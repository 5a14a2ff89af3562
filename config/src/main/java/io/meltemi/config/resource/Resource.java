package io.meltemi.config.resource;

import io.meltemi.common.validation.Origin;
import java.util.Comparator;

/**
 * One parsed and valid resource.
 *
 * @param <T> the kind's record, such as {@code VirtualService}
 * @param origin where the document begins
 */
public record Resource<T>(ResourceKind<T> kind, Metadata metadata, T spec, Origin origin) {
  /**
   * Istio's order of precedence among resources of one kind: oldest first, then by name, then by
   * namespace.
   */
  public static final Comparator<Resource<?>> PRECEDENCE =
      Comparator.<Resource<?>, java.time.Instant>comparing(r -> r.metadata.creationTimestamp())
          .thenComparing(Resource::id);

  public ResourceName id() {
    return metadata.id();
  }

  public String namespace() {
    return metadata.namespace();
  }

  public String name() {
    return metadata.name();
  }

  /** True when both say the same, wherever they were written. */
  public boolean sameContent(Resource<?> other) {
    return kind.equals(other.kind) && metadata.equals(other.metadata) && spec.equals(other.spec);
  }

  /** {@code VirtualService default/reviews}. */
  @Override
  public String toString() {
    return kind.kind() + " " + id();
  }
}
