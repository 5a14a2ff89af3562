package io.meltemi.proxy.cluster;

import org.jspecify.annotations.Nullable;

/** Picks a host for one request. Any event loop; allocates nothing; never blocks. */
public interface LoadBalancer {
  /** The host to use; null when there is none that may be used ({@code UH}). */
  @Nullable Host choose(LbContext context);

  /**
   * A host that is likely to be chosen soon; null when that is not known.
   *
   * @param ahead 0 for the next one
   */
  default @Nullable Host peek(LbContext context, int ahead) {
    return null;
  }
}
