package io.meltemi.config.resource;

/**
 * The identity of a resource among its kind.
 *
 * @param namespace empty for kinds without namespaces
 * @param name never empty in a store
 */
public record ResourceName(String namespace, String name) implements Comparable<ResourceName> {

  /** By name, then by namespace: Istio's tie-break between resources of the same age. */
  @Override
  public int compareTo(ResourceName other) {
    int byName = name.compareTo(other.name);
    return byName != 0 ? byName : namespace.compareTo(other.namespace);
  }

  /** {@code namespace/name}, or the name alone without a namespace. */
  @Override
  public String toString() {
    return namespace.isEmpty() ? name : namespace + "/" + name;
  }
}
