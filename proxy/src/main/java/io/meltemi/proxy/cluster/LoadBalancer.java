package io.meltemi.proxy.cluster;

import org.jspecify.annotations.Nullable;

/** Picks a host for one request. Any event loop; allocates nothing; never blocks. */
public interface LoadBalancer {
  /** The host to use; null when there is none that may be used ({@code UH}). */
  @Nullable Host choose(LbContext context);
}
