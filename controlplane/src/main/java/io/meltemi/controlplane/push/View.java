package io.meltemi.controlplane.push;

import org.jspecify.annotations.Nullable;

/**
 * What a group of resources depends on beside the world: the part of a type that it is, and of a
 * proxy only what matters to that part. It is all that a generator is told of a proxy, and the key
 * under which the result is kept; so proxies with equal views get the very same resources, and a
 * proxy can never get those of another that differ.
 */
public final class View {
  private final Part part;
  private final ProxyNode node;
  private final int hash;

  /** Which resources of a type. */
  public enum Part {
    ALL,
    /** What a sidecar needs to reach others. */
    OUTBOUND,
    /** What a sidecar needs to serve. */
    INBOUND
  }

  View(Part part, ProxyNode node) {
    this.part = part;
    this.node = node;
    this.hash = part.hashCode() * 31 + node.hashCode();
  }

  public Part part() {
    return part;
  }

  /** The proxy with everything taken out that does not matter; its id among it. */
  public ProxyNode node() {
    return node;
  }

  /** The view of a client of which is not known in which namespace it is. */
  View anywhere() {
    return new View(part, node.anywhere());
  }

  /** True when resources of another part come in another group. */
  public boolean has(Part other) {
    return part == Part.ALL || part == other;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof View that
            && hash == that.hash
            && part == that.part
            && node.equals(that.node));
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public String toString() {
    return part + " of " + node;
  }
}
